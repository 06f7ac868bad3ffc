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
  // Members leave, or were silent for too long.
  void end(std::span<const text> member_ids);
  void remove_group();
  // From now on it may be silent for so long.
  void expect_heartbeat(const text& member_id);
  void expect_revocation(const text& member_id);

 private:
  template <typename T>
  using result = std::expected<T, group_error>;
  using kind = consumer_deadlines::kind;

  [[nodiscard]] consumer_state& state() { return group_.state_; }
  void put(const consumer_record& record) {
    scene_.records.push_back(to_bytes(group_.id_, record));
    state().apply(record);
  }

  response leave(const request& r);
  response refused(const group_error& why) const;
  // Who sends this: its id, and the id of the static member whose place it takes, if it does.
  struct identity {
    text member_id;
    std::optional<text> replaces;
  };
  result<identity> identify(const request& r, const request_context& context);
  result<identity> identify_static(const request& r, const text& member_id);
  group_result check_epoch(const request& r, const consumer_member& member) const;
  result<text> identify_leaving(const request& r);

  void replace(const text& old_id, const text& new_id, const member_metadata& metadata);
  // True: it subscribes to something else than before.
  bool update(const request& r, const request_context& context, const identity& who);
  bool update_regex(const std::optional<text>& before, const text& now);
  void drop_regex_unless_wanted(const text& regex);
  bool resolve(const text& regex);
  bool resolve_again();
  // Takes a new group epoch if `changed`, or if the topics have.
  void advance_epoch(bool changed);
  void share_out();
  [[nodiscard]] bool may_share_out() const;
  // True: what it has is different now.
  bool reconcile(const text& member_id, const topic_partitions* owned, bool changed);
  [[nodiscard]] bool wants(const member_metadata& member, const uuid& topic_id) const;

  consumer_group& group_;
  const consumer_scene& scene_;
};

}  // namespace weir::group
