#pragma once
// What happens to a group of the consumer protocol in one step. Each record is applied as it is
// put, so what follows in the step sees it.
#include <expected>
#include <set>
#include <span>

#include "core/group/consumer_group.h"
#include "core/group/consumer_record_bytes.h"

namespace weir::group {

class consumer_step {
 public:
  using request = kafka::consumer_group_heartbeat_request;
  using response = kafka::consumer_group_heartbeat_response;

  consumer_step(consumer_group& group, const consumer_scene& scene)
      : group_(group), scene_(scene) {}

  response heartbeat(const request& r, const request_context& context);
  group_result would_take(const request& r, const request_context& context);
  void become(std::span<const consumer_record> records);
  // Members leave, or were silent for too long.
  void end(std::span<const text> member_ids);
  void remove_group();
  // Of members that speak the classic protocol (consumer_step_classic.cc).
  kafka::join_group_response join(const kafka::join_group_request& r,
                                  const request_context& context);
  kafka::sync_group_response sync(const kafka::sync_group_request& r);
  kafka::error_code beat(const kafka::heartbeat_request& r);
  kafka::leave_group_response leave(const kafka::leave_group_request& r, std::int16_t version);
  // From now on it may be silent for so long.
  void expect_heartbeat(const text& member_id);
  void expect_revocation(const text& member_id);

 private:
  template <typename T>
  using result = std::expected<T, group_error>;
  using kind = consumer_deadlines::kind;

  [[nodiscard]] consumer_state& state() { return group_.state_; }
  void put(const consumer_record& record) {
    scene_.out.put_record(to_bytes(group_.id_, record), {});
    state().apply(record);
  }

  response leave(const request& r);
  response refused(const group_error& why) const;
  // Who sends this: its id, and the id of the static member whose place it takes, if it does.
  struct identity {
    text member_id;
    std::optional<text> replaces;
  };
  struct changes {
    member_metadata metadata;
    std::optional<text> old_regex;  // another than before
    bool is_new = false;            // somebody who was not there
    bool metadata_changed = false;
    bool subscription_changed = false;
  };
  result<identity> identify(const request& r, const request_context& context);
  [[nodiscard]] bool has_no_room() const {
    return group_.state_.members().size() >= scene_.settings.members_max;
  }
  // Who comes instead of somebody else makes the group no larger.
  [[nodiscard]] bool is_held(const std::optional<text>& instance_id) const {
    return instance_id && group_.state_.member_of_instance(*instance_id);
  }
  result<identity> identify_static(const request& r, const text& member_id);
  group_result check_epoch(const request& r, const consumer_member& member) const;
  result<text> identify_leaving(const request& r);

  void replace(const text& old_id, const text& new_id, const member_metadata& metadata);
  [[nodiscard]] member_metadata metadata_of(const identity& who);
  [[nodiscard]] changes changes_of(const request& r, const request_context& context,
                                   const identity& who);
  [[nodiscard]] changes changes_to(member_metadata m, const identity& who);
  // What a member's request means for the group and for the member, whatever protocol it came by.
  // True: what the member has is different now.
  bool advance(const identity& who, const changes& change, const topic_partitions* owned);
  void update(const changes& c, const identity& who);
  void drop_regex_unless_wanted(const text& regex);
  void resolve(const text& regex);
  void resolve_again();
  // The next epoch, of a group that is about to change. Its record comes before those of the
  // change: should the log end between them, nobody misses an assignment that was never made.
  void begin_epoch();
  // After a change: what the epoch is about. If it is the topics that changed, that is a new epoch.
  void see_topics(bool begun);
  void share_out();
  [[nodiscard]] bool may_share_out() const;
  // True: what it has is different now.
  bool reconcile(const text& member_id, const topic_partitions* owned, bool changed);
  [[nodiscard]] bool wants(const member_metadata& member, const uuid& topic_id) const;
  void expect(const text& member_id, kind what, std::int32_t within_ms);

  std::expected<identity, kafka::error_code> identify_joining(const kafka::join_group_request& r,
                                                              const request_context& context);
  [[nodiscard]] bool takes(const kafka::join_group_request& r, const text& member_id) const;
  // The member that speaks the classic protocol and sends this.
  [[nodiscard]] kafka::error_code check_classic(const text& member_id,
                                                const std::optional<text>& instance_id) const;
  // Whether the member has to join again to get on; if so, it has its rebalance timeout for it.
  bool must_rejoin(const text& member_id);
  std::expected<text, kafka::error_code> identify_leaving(const text& member_id,
                                                          const std::optional<text>& instance_id);

  consumer_group& group_;
  const consumer_scene& scene_;
};

}  // namespace weir::group
