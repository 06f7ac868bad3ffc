#pragma once
// A streams group as its log tells it: changed by apply() alone, so that a replay gives what the
// leader had. Beside what the records say it keeps who has which task, and which subtopology reads
// which topic.
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "core/group/streams_record.h"

namespace weir::group {

struct streams_member {
  streams_metadata metadata;
  task_assignment current;
  bool operator==(const streams_member&) const = default;

  [[nodiscard]] bool reconciled_to(std::int32_t target) const {
    return current.state == member_state::stable && current.epoch == target;
  }
};

class streams_state {
 public:
  void apply(const streams_record& record);

  [[nodiscard]] const streams_epoch& epoch() const { return epoch_; }
  [[nodiscard]] const target_epoch& target() const { return target_; }
  [[nodiscard]] const std::optional<streams_topology>& topology() const { return topology_; }
  [[nodiscard]] const std::map<text, streams_member>& members() const { return members_; }
  [[nodiscard]] const streams_member* find(const text& member_id) const;
  // What a member is meant to have; null: nothing.
  [[nodiscard]] const task_set* target_of(const text& member_id) const;
  [[nodiscard]] const std::map<text, task_set>& targets() const { return targets_; }
  // The subtopology that reads a topic; null: none does.
  [[nodiscard]] const text* reader_of(const text& topic) const;
  // Whether a member can be asked for the application's state.
  [[nodiscard]] bool has_endpoints() const { return endpoints_ > 0; }
  // Whether somebody of this process may have the task, in its role, without being in the way of
  // who has it now: one works on a task at a time, and a process has one copy of its state.
  [[nodiscard]] bool is_free(const task& t, const text& process_id) const;
  // Whether the topology was found able to run.
  [[nodiscard]] bool is_ready() const {
    return topology_ && topology_->epoch == epoch_.validated_topology;
  }

  [[nodiscard]] std::size_t memory_bytes() const { return memory_bytes_; }  // roughly
  [[nodiscard]] std::size_t topology_bytes() const { return topology_bytes_; }

  bool operator==(const streams_state&) const = default;

 private:
  using place = std::pair<text, std::int32_t>;  // a task, whatever is done for it
  using holder = std::pair<text, task_role>;    // member id, its role

  void apply(const streams_group_record& r);
  void apply(const streams_member_record& r);
  void apply(const target_epoch_record& r);
  void apply(const streams_target_record& r);
  void apply(const streams_current_record& r);
  void apply(const streams_topology_record& r);
  void count(const streams_metadata& m, bool in);
  void count(const task_assignment& c, const text& member_id, bool in);

  streams_epoch epoch_;
  target_epoch target_;
  std::optional<streams_topology> topology_;
  std::map<text, streams_member> members_;
  std::map<text, task_set> targets_;

  // Made of the above.
  std::map<place, std::set<holder>> holders_;  // who has it or is still to give it up
  std::map<text, text> readers_;               // topic → subtopology
  std::size_t endpoints_ = 0;                  // members that have one
  std::size_t memory_bytes_ = 0;
  std::size_t topology_bytes_ = 0;
};

}  // namespace weir::group
