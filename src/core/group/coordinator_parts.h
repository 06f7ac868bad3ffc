#pragma once
// What a coordinator is made of, and its part of each request. Inside of this room only.
//
// The groups answer for their members, the store for offsets; what needs both is here: who may
// commit, what expires, what goes with a group.
#include <optional>
#include <string>
#include <string_view>

#include "core/group/classic_groups.h"
#include "core/group/coordinator.h"
#include "core/group/offset_store.h"
#include "core/group/output.h"

namespace weir::group {

struct coordinator::parts {
  parts(const group_settings& s, const topic_view& t) : settings(s), topics(t) {}

  void on(const kafka::join_group_request& r, const request_context& c, output& out);
  void on(const kafka::sync_group_request& r, const request_context& c, output& out);
  void on(const kafka::heartbeat_request& r, const request_context& c, output& out);
  void on(const kafka::leave_group_request& r, const request_context& c, output& out);
  void on(const kafka::consumer_group_heartbeat_request& r, const request_context& c, output& out);
  void on(const kafka::consumer_group_describe_request& r, const request_context& c, output& out);
  // group_queries.cc
  void on(const kafka::describe_groups_request& r, const request_context& c, output& out);
  void on(const kafka::list_groups_request& r, const request_context& c, output& out);
  // offset_commit.cc
  void on(const kafka::offset_commit_request& r, const request_context& c, output& out);
  void on(const kafka::txn_offset_commit_request& r, const request_context& c, output& out);
  // offset_fetch.cc
  void on(const kafka::offset_fetch_request& r, const request_context& c, output& out);
  // offset_removal.cc
  void on(const kafka::offset_delete_request& r, const request_context& c, output& out);
  void on(const kafka::delete_groups_request& r, const request_context& c, output& out);
  void delete_topics(std::span<const deleted_topic> gone, output& out);
  // offset_expiry.cc
  void expire_offsets(moment now, output& out);

  // Stores an offset, and has it.
  void put_offset(std::string_view group, std::string_view topic, std::int32_t partition,
                  logged::offset_commit_value value,
                  const std::optional<transaction_of>& transaction, output& out);
  void erase_offset(std::string_view group, std::string_view topic, std::int32_t partition,
                    output& out);
  // The offsets of a group have changed.
  void offsets_changed(std::string_view group);
  // What is refused to newcomers, as the state stands.
  [[nodiscard]] bool is_full() const {
    return classic.memory_bytes() + offsets.memory_bytes() > settings.memory_bytes_max;
  }
  kafka::error_code delete_group(std::string_view id, output& out);
  // Whether all of the group's offsets are gone.
  bool expire_offsets_of(const classic_group& g, moment now, output& out);

  group_settings settings;
  const topic_view& topics;
  bool loaded = false;
  classic_groups classic{settings};
  offset_store offsets;
  std::int64_t expiry_due_ms = 0;  // steady: of the next look at offsets
  std::string expiry_at;           // the first group that this round has not seen
};

}  // namespace weir::group
