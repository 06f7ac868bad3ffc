#pragma once
// The groups of the classic protocol of one coordinator: JoinGroup, SyncGroup, Heartbeat,
// LeaveGroup, and all that happens by itself (docs: Kafka's "Client-side assignment proposal",
// KIP-134, KIP-345, KIP-394, KIP-814). A group's life: Empty, then members join
// (PreparingRebalance) until all that are known did or it took too long; each gets the generation,
// its leader the list of all (CompletingRebalance); the leader brings the assignment, which is
// stored before anyone gets it (Stable). A newcomer, a change or a loss begin that anew.
//
// What is stored of a group is its last GroupMetadata record: written with each assignment, when a
// group has become empty, and when a static member comes back under a new id.
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "core/codec/coordinator/group_metadata.h"
#include "core/codec/error_code.h"
#include "core/group/classic_group.h"
#include "core/group/defects.h"
#include "core/group/output.h"
#include "core/group/settings.h"

namespace weir::group {

class classic_groups {
 public:
  using group_map = std::map<std::string, std::unique_ptr<classic_group>, std::less<>>;
  using stored_map = std::map<std::string, logged::group_metadata_value, std::less<>>;

  explicit classic_groups(const group_settings& settings, const defects& broken = {})
      : settings_(settings), broken_(broken) {}

  // Null: a tombstone. What is kept shares no memory with the record.
  void apply(const logged::group_metadata_key& key, const logged::group_metadata_value* value);
  [[nodiscard]] const stored_map& stored() const { return stored_; }
  // The groups that records tell of come to life.
  void loaded(moment now, output& out);

  void join(const kafka::join_group_request& r, const request_context& c, output& out);
  void sync(const kafka::sync_group_request& r, const request_context& c, output& out);
  void heartbeat(const kafka::heartbeat_request& r, const request_context& c, output& out);
  void leave(const kafka::leave_group_request& r, const request_context& c, output& out);

  [[nodiscard]] const group_map& groups() const { return groups_; }
  [[nodiscard]] const classic_group* find(std::string_view id) const;
  // There are offsets of a group: it is one, if only a simple one without members; or there are no
  // more.
  void keep_for_offsets(std::string_view id, bool has_offsets);
  // Whether this committer may commit offsets for the group; -1 for a generation: none.
  [[nodiscard]] kafka::error_code may_commit(std::string_view id, std::string_view member_id,
                                             const std::optional<text>& instance_id,
                                             std::int32_t generation, bool transactional) const;
  // It committed: that is a sign of life.
  void committed(std::string_view id, std::string_view member_id, moment now);
  // Between protocols: a group of the consumer protocol comes back as this; or one goes, and who
  // waits is told to join again.
  void adopt(std::string_view id, const logged::group_metadata_value& value, moment now,
             output& out);
  void release(std::string_view id, output& out);
  // The group must have no members.
  void remove(std::string_view id, output& out);

  // At most settings.work_per_tick members are looked at, or one group.
  void tick(moment now, output& out);
  [[nodiscard]] std::optional<std::int64_t> next_deadline() const;
  // Answers everyone who waits.
  void give_up(kafka::error_code why, output& out);
  [[nodiscard]] std::size_t memory_bytes() const { return memory_bytes_; }
  // While set, nobody new is let in.
  void close(bool closed) { closed_ = closed; }

 private:
  using member = classic_group::member;

  [[nodiscard]] classic_group* find_mutable(std::string_view id);
  classic_group& keep(std::string_view id);
  // At the end of whatever was done to the group: counts its memory again, and forgets it if nobody
  // would miss it, having neither members nor ids given out nor anything stored.
  void settle(classic_group& g);

  // classic_join.cc
  [[nodiscard]] bool has_room_for(const classic_group& g, std::string_view member_id) const;
  void join_new(classic_group& g, const kafka::join_group_request& r, const request_context& c,
                output& out);
  void join_known(classic_group& g, const kafka::join_group_request& r, const request_context& c,
                  output& out);
  void add_member(classic_group& g, std::string id, const kafka::join_group_request& r,
                  const request_context& c, output& out);
  void update_member(classic_group& g, member& m, const kafka::join_group_request& r,
                     const request_context& c, output& out);
  static void wait_for_join(classic_group& g, member& m, const request_context& c, output& out);
  void rejoin(classic_group& g, member& m, const kafka::join_group_request& r,
              const request_context& c, output& out);
  // classic_static.cc
  void come_back(classic_group& g, const std::string& old_id, std::string new_id,
                 const kafka::join_group_request& r, const request_context& c, output& out);
  bool keep_generation(classic_group& g, member& m, const std::string& leader_before,
                       const request_context& c, output& out);

  // classic_rebalance.cc
  void prepare_rebalance(classic_group& g, moment now, output& out);
  // Where a rebalance isn't under way already.
  void rebalance_or_complete(classic_group& g, moment now, output& out);
  void complete_if_all_joined(classic_group& g, moment now, output& out);
  void complete_join(classic_group& g, moment now, output& out);
  void tell_generation(classic_group& g, moment now, output& out);
  void end_first_delay(classic_group& g, moment now, output& out);
  void fail_syncs(classic_group& g, kafka::error_code why, moment now, output& out);

  // classic_members.cc
  [[nodiscard]] kafka::error_code check_member(const classic_group& g, std::string_view id,
                                               const std::optional<text>& instance_id) const;
  // Takes it out and answers it, if it waits.
  void take_out(classic_group& g, std::string id, output& out);
  void see(classic_group& g, member& m, moment now);

  // classic_sync.cc
  void store_assignment(classic_group& g, const kafka::sync_group_request& r, moment now,
                        output& out);
  void answer_sync(const classic_group& g, const member& m, ticket of, output& out) const;

  // classic_records.cc
  [[nodiscard]] logged::group_metadata_value record_of(const classic_group& g) const;
  // False: it is larger than what can be stored.
  bool store(const classic_group& g, output& out);
  void revive(const std::string& id, const logged::group_metadata_value& from, moment now);

  // classic_timers.cc
  void arm(classic_group& g, std::int64_t when);
  void rearm(classic_group& g);
  void expire(classic_group& g, moment now, output& out);
  void expire_members(classic_group& g, moment now, output& out);
  void expire_pending(classic_group& g, moment now, output& out);
  void expire_unsynced(classic_group& g, moment now, output& out);

  const group_settings& settings_;
  [[no_unique_address]] defects broken_;
  stored_map stored_;
  group_map groups_;
  // Each group that has a deadline, at its earliest or before.
  std::set<std::pair<std::int64_t, std::string>> due_;
  std::size_t memory_bytes_ = 0;  // of groups_
  bool closed_ = false;
};

// As Kafka's: what a person can tell apart, then 128 random bits in the form of RFC 9562.
std::string new_member_id(const kafka::join_group_request& r, const request_context& c);
// Answers that are made in several places.
kafka::join_group_response join_refusal(std::int16_t version, kafka::error_code why,
                                        std::string_view member_id);
kafka::sync_group_response sync_refusal(kafka::error_code why);
kafka::join_group_response join_answer(const classic_group& g, std::int16_t version,
                                       std::string_view member_id, bool with_members);

}  // namespace weir::group
