#pragma once
// What happens to a share group in one step. Each record is applied as it is put.
#include <set>
#include <span>

#include "core/group/share_group.h"
#include "core/group/share_record_bytes.h"

namespace weir::group {

class share_step {
 public:
  using request = kafka::share_group_heartbeat_request;
  using response = kafka::share_group_heartbeat_response;

  share_step(share_group& group, const share_scene& scene) : group_(group), scene_(scene) {}

  response heartbeat(const request& r, const request_context& context);
  void end(std::span<const text> member_ids);
  void initialized(const topic_partitions& partitions);
  void topics_deleted(std::span<const deleted_topic> topics);
  // share_step_plan.cc
  share_plan plan(const share_plan_request& r);
  void forgotten(std::span<const uuid> topics);
  void remove_group();
  void expect_heartbeat(const text& member_id);

 private:
  [[nodiscard]] consumer_state& state() { return group_.state_; }
  void put(const share_record& record) {
    scene_.out.put_record(to_bytes(group_.id_, record), {});
    group_.apply(record);
  }
  [[nodiscard]] group_result check(const request& r);
  // True: it subscribes to something else than before.
  bool update(const request& r, const request_context& context);
  void begin_epoch();
  void see_topics(bool begun);
  void find_unknown();
  [[nodiscard]] topic_partitions partitions_of(const uuid& topic, const text& name) const;
  share_plan place(const share_plan_request& r);
  share_plan forget(const share_plan_request& r);
  void share_out();
  bool follow(const text& member_id);

  share_group& group_;
  const share_scene& scene_;
};

}  // namespace weir::group
