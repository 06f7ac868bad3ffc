#pragma once
// One share group (KIP-932, as Kafka 4.3 serves it): members say what they subscribe to, the group
// shares partitions out, several members to one where there are more members than partitions.
// Nobody has to give anything up before another one may have it, so a member follows at once.
//
// Entry points: apply (each record of the log), then loaded; heartbeat (a client), tick (time).
//
// Only partitions are given out that the share coordinators know of: what a step finds unknown
// comes into take_unknown(); the shell has it initialized, and says so by initialized().
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "core/codec/share_group_describe.h"
#include "core/codec/share_group_heartbeat.h"
#include "core/group/assignor.h"
#include "core/group/consumer_deadlines.h"
#include "core/group/consumer_state.h"
#include "core/group/group_error.h"
#include "core/group/output.h"
#include "core/group/share_plan.h"
#include "core/group/share_record.h"
#include "core/group/share_settings.h"
#include "core/group/topics.h"

namespace weir::group {

struct share_scene {
  const share_settings& settings;
  const topic_view& topics;
  moment now;
  output& out;
  bool closed = false;  // nobody new is let in: there is no room
};

class share_group {
 public:
  explicit share_group(text id) : id_(text::copy(id.view())) {}

  void apply(const share_record& record);
  void loaded(const share_scene& scene);

  // A refused request changes nothing.
  kafka::share_group_heartbeat_response heartbeat(const kafka::share_group_heartbeat_request& r,
                                                  const request_context& context,
                                                  const share_scene& scene);
  void tick(const share_scene& scene, std::size_t count);
  [[nodiscard]] std::optional<std::int64_t> next_deadline() const { return deadlines_.next(); }
  void topics_changed() { topics_looked_at_ = false; }
  // The share coordinators know of these now.
  void initialized(const topic_partitions& partitions, const share_scene& scene);
  void topics_deleted(std::span<const deleted_topic> topics, const share_scene& scene);
  // What is to be asked of the share coordinators. What is forgotten is given out to nobody until
  // they did it, and forgotten() says so.
  share_plan plan(const share_plan_request& r, const share_scene& scene);
  void forgotten(std::span<const uuid> topics, const share_scene& scene);
  // All records that say the group is no more.
  void remove(const share_scene& scene);

  // Partitions that the share coordinators are to be asked for, since this was called last: with
  // the group's epoch as the epoch of their state. Again after a time, if nobody said that it was
  // done.
  [[nodiscard]] topic_partitions take_unknown() { return std::exchange(unknown_, {}); }
  // The same of those whose state is to go.
  [[nodiscard]] topic_partitions take_forgotten() { return std::exchange(forget_, {}); }

  [[nodiscard]] const text& id() const { return id_; }
  [[nodiscard]] bool empty() const { return state_.members().empty(); }
  [[nodiscard]] std::string_view state_name() const;
  [[nodiscard]] kafka::share_group_describe_response::group describe(
      const topic_view& topics) const;
  [[nodiscard]] const consumer_state& stored() const { return state_; }
  [[nodiscard]] const share_partitions& partitions() const { return partitions_; }
  [[nodiscard]] std::size_t memory_bytes() const;  // roughly

 private:
  friend class share_step;

  text id_;
  consumer_state state_;
  share_partitions partitions_;
  consumer_deadlines deadlines_;
  topic_partitions unknown_;
  topic_partitions forget_;
  std::int64_t asked_at_ms_ = INT64_MIN / 2;  // steady: when all that is initializing was asked for
  bool topics_looked_at_ = false;
  std::uint64_t work_ = 0;
};

// Each partition for one member at least; where there are more members, each has one. As `before`
// as can be. `work` grows by the steps taken.
assignment assign_shared(const assignment_input& in, std::uint64_t& work);

}  // namespace weir::group
