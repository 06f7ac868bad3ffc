#pragma once
// What happens to a streams group in one step. Each record is applied as it is put, so what follows
// in the step sees it.
#include <expected>
#include <optional>
#include <span>
#include <vector>

#include "core/group/streams_group.h"
#include "core/group/streams_record_bytes.h"

namespace weir::group {

class streams_step {
 public:
  using request = kafka::streams_group_heartbeat_request;
  using response = kafka::streams_group_heartbeat_response;

  streams_step(streams_group& group, const streams_scene& scene) : group_(group), scene_(scene) {}

  response heartbeat(const request& r, const request_context& context);
  // Members leave, or were silent for too long.
  void end(std::span<const text> member_ids);
  // The first assignment, once those who came with the first member had time to come.
  void end_delay();
  void remove_group();
  void expect_heartbeat(const text& member_id);
  void expect_revocation(const text& member_id);

 private:
  template <typename T>
  using result = std::expected<T, group_error>;
  using kind = consumer_deadlines::kind;

  // What the topology comes to with the topics that there are now.
  struct sight {
    std::int64_t hash = 0;
    configured_topology configured;
  };

  [[nodiscard]] streams_state& state() { return group_.state_; }
  void put(const streams_record& record) {
    scene_.out.put_record(to_bytes(group_.id_, record), {});
    state().apply(record);
  }

  response leave(const request& r);
  [[nodiscard]] group_result identify(const request& r);
  [[nodiscard]] group_result check_epoch(const request& r, const streams_member& member) const;
  [[nodiscard]] streams_metadata metadata_of(const request& r, const request_context& context);
  // The topology that the group is to have from now on; nothing: the one that it has.
  [[nodiscard]] result<std::optional<streams_topology>> new_topology(const request& r);
  // Nothing: it comes to what it did when it was looked at last.
  [[nodiscard]] result<std::optional<sight>> look_at_topics(const streams_topology& topology);
  [[nodiscard]] static group_result check_tasks(const request& r, const configured_topology& now);
  [[nodiscard]] std::vector<std::pair<text, text>> configs() const;

  // The next epoch, of a group that is about to change. Its record comes before those of the
  // change: should the log end between them, nobody misses an assignment that was never made.
  void begin_epoch(std::int64_t hash, std::int32_t validated_topology);
  void begin_epoch() {
    begin_epoch(state().epoch().metadata_hash, state().epoch().validated_topology);
  }
  void take_part(const request& r, streams_metadata metadata,
                 std::optional<streams_topology> topology, std::optional<sight> seen);
  // The target follows the group, unless it is too early for that: then why.
  std::optional<streams_note> follow();
  [[nodiscard]] bool may_share_out() const;
  void share_out();
  [[nodiscard]] bool is_free(const task& t, const streams_member& member);
  // True: what it has is different now.
  bool reconcile(const text& member_id, const std::optional<task_set>& owned);
  void tell_tasks(const text& member_id, response& to);
  void tell_endpoints(const request& r, response& to);
  void tell_trouble(const std::optional<streams_note>& delayed, response& to);
  void ask_for_missing();
  void expect(const text& member_id, kind what, std::int32_t within_ms);

  streams_group& group_;
  const streams_scene& scene_;
};

}  // namespace weir::group
