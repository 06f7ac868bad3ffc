#pragma once
// Who this broker is and which cluster it belongs to: the file "membership" of its data directory
// (decl/stored/membership.record, a CRC-32C before it). It is durable before the broker says
// anything to others under that name.
#include <seastar/core/future.hh>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"
#include "core/base/text.h"
#include "core/base/uuid.h"
#include "core/options/value.h"
#include "core/raft/configuration.h"
#include "engine/store/file.h"

namespace weir {

struct contact {
  node_id node;
  uuid broker_id;
  host_port address;
  bool founder = false;  // one of those that group 0 began with
  bool operator==(const contact&) const = default;
};

// To and from messages and records that list them with the same fields.
template <typename List>
void put_contacts(const std::vector<contact>& from, List& to) {
  for (const auto& c : from) {
    auto& out = to.emplace_back();
    out.node_id = c.node.value();
    out.broker_id = c.broker_id;
    out.host = text(c.address.host);
    out.port = c.address.port;
    out.founder = c.founder;
  }
}
template <typename List>
std::vector<contact> take_contacts(const List& from) {
  std::vector<contact> out;
  for (const auto& c : from)
    out.push_back({.node = node_id(c.node_id),
                   .broker_id = c.broker_id,
                   .address = {std::string(c.host.view()), c.port},
                   .founder = c.founder});
  return out;
}

struct membership {
  uuid broker_id;   // of the data directory
  uuid cluster_id;  // zero: belongs to none yet
  node_id self{-1};
  std::vector<contact> contacts;  // itself among them

  [[nodiscard]] bool belongs() const { return !cluster_id.is_zero(); }
  // Whom group 0 began with, if this is one of them; else nobody: it joins.
  [[nodiscard]] raft::configuration founders() const;
};

// The file's content. Throws where it is damaged; `path`: for people.
membership decode_membership(std::string_view content, const std::string& path);
inline constexpr std::size_t membership_size_max = 64 * 1024;

// Absent: the directory is new, or of a Weir that knew no other brokers. Throws where it is
// damaged.
seastar::future<std::optional<membership>> read_membership(store::file_system& files,
                                                           std::string data_dir);
seastar::future<> write_membership(store::file_system& files, std::string data_dir, membership m);

}  // namespace weir
