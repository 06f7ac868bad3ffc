#include "engine/cluster/membership.h"

#include <seastar/core/coroutine.hh>

#include "core/base/crc32c.h"
#include "core/base/endian.h"
#include "core/catalog/stored_record.h"
#include "core/codec/stored/membership.h"

namespace weir {
namespace {

constexpr std::size_t crc_size = 4;
using records = std::variant<stored::membership>;

std::string path_in(const std::string& data_dir) {
  return data_dir + "/membership";
}

}  // namespace

raft::configuration membership::founders() const {
  raft::configuration out;
  bool among = false;
  for (const auto& c : contacts) {
    if (!c.founder) continue;
    out.voters.push_back(c.node);
    among |= c.broker_id == broker_id;
  }
  return among ? raft::normal(std::move(out)) : raft::configuration{};
}

membership decode_membership(std::string_view content, const std::string& path) {
  const auto body = content.size() < crc_size ? std::string_view() : content.substr(crc_size);
  if (body.empty() || load_be<std::uint32_t>(content.data()) != crc32c(body))
    throw std::runtime_error(path +
                             " is damaged: start this broker with an empty data directory, as a "
                             "new one, and unregister the old one");
  const auto read = catalog::decode_record<records>(fragments::copy(body));
  if (!read) throw std::runtime_error(path + " was written by a newer Weir: start that version");
  const auto& r = std::get<stored::membership>(*read);
  membership m{.broker_id = r.broker_id,
               .cluster_id = r.cluster_id,
               .self = node_id(r.node_id),
               .contacts = take_contacts(r.contacts)};
  return m;
}

seastar::future<std::optional<membership>> read_membership(store::file_system& files,
                                                           std::string data_dir) {
  const auto path = path_in(data_dir);
  const auto content = co_await store::read_small(files, path, membership_size_max);
  if (!content) co_return std::nullopt;
  co_return decode_membership(*content, path);
}

seastar::future<> write_membership(store::file_system& files, std::string data_dir, membership m) {
  stored::membership r;
  r.broker_id = m.broker_id;
  r.cluster_id = m.cluster_id;
  r.node_id = m.self.value();
  put_contacts(m.contacts, r.contacts);
  const auto body = catalog::encode_record(r).str();
  std::string content(crc_size, '\0');
  store_be<std::uint32_t>(content.data(), crc32c(body));
  co_await store::replace_small(files, path_in(data_dir), content + body);
}

}  // namespace weir
