#pragma once
// One group of the consumer protocol (KIP-848, as Kafka 4.3 serves it): members say with each
// heartbeat what they subscribe to and what they have; the group shares partitions out, and leads
// each member to its share step by step, so that no partition ever has two owners.
//
// Entry points: apply (each record of the log), then loaded; heartbeat (a client), tick (time).
//
// What the log tells is in `state`, and changes by apply() alone. The rest is soft: until when
// members may be silent, and whether topics must be looked at again.
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/codec/consumer_group_describe.h"
#include "core/codec/consumer_group_heartbeat.h"
#include "core/group/consumer_deadlines.h"
#include "core/group/consumer_settings.h"
#include "core/group/consumer_state.h"
#include "core/group/defects.h"
#include "core/group/group_error.h"
#include "core/group/output.h"
#include "core/group/request.h"
#include "core/group/topics.h"

namespace weir::group {

enum class consumer_group_state : std::uint8_t {
  empty,        // no members
  assigning,    // the target is older than the group
  reconciling,  // not everyone has what it is meant to have
  stable
};
std::string_view name_of(consumer_group_state state);

// What a step sees beside its request, and where its records go.
struct consumer_scene {
  const consumer_settings& settings;
  const topic_view& topics;
  moment now;
  output& out;
  bool closed = false;  // nobody new is let in: there is no room
  [[no_unique_address]] defects broken{};
};

// Who commits or fetches offsets.
struct offset_claim {
  text member_id;
  std::int32_t epoch = -1;  // or generation: -1 of somebody who is no member
  std::int16_t api_version = 0;
  bool in_transaction = false;
};

class consumer_group {
 public:
  explicit consumer_group(text id) : id_(text::copy(id.view())) {}

  void apply(const consumer_record& record) { state_.apply(record); }
  // Of a group that was of another kind before: puts into the log what it is now.
  void become(std::span<const consumer_record> records, const consumer_scene& scene);
  // The log was read to its end.
  void loaded(const consumer_scene& scene);

  // A refused request changes nothing.
  kafka::consumer_group_heartbeat_response heartbeat(
      const kafka::consumer_group_heartbeat_request& r, const request_context& context,
      const consumer_scene& scene);
  // Of members that speak the classic protocol.
  kafka::join_group_response join(const kafka::join_group_request& r,
                                  const request_context& context, const consumer_scene& scene);
  kafka::sync_group_response sync(const kafka::sync_group_request& r, const consumer_scene& scene);
  kafka::error_code beat(const kafka::heartbeat_request& r, const consumer_scene& scene);
  kafka::leave_group_response leave(const kafka::leave_group_request& r, std::int16_t version,
                                    const consumer_scene& scene);
  // Whether such a request would be refused.
  [[nodiscard]] group_result would_take(const kafka::consumer_group_heartbeat_request& r,
                                        const request_context& context,
                                        const consumer_scene& scene);
  // Ends members that are too late, `count` at most.
  void tick(const consumer_scene& scene, std::size_t count);
  [[nodiscard]] std::optional<std::int64_t> next_deadline() const { return deadlines_.next(); }
  // Something that topics tell has changed: the next heartbeat looks at them.
  void topics_changed() { topics_looked_at_ = regexes_looked_at_ = false; }
  // All records that say the group is no more.
  void remove(const consumer_scene& scene);

  // Whether a member may commit offsets of these partitions (KIP-1251): one that has them, and had
  // them already in the epoch that it names.
  [[nodiscard]] group_result may_commit(const offset_claim& by,
                                        std::span<const partition_key> partitions,
                                        const topic_view& topics) const;
  [[nodiscard]] group_result may_fetch(const offset_claim& by) const;

  [[nodiscard]] const text& id() const { return id_; }
  [[nodiscard]] bool empty() const { return state_.members().empty(); }
  [[nodiscard]] bool is_subscribed(const text& topic) const;
  [[nodiscard]] consumer_group_state state() const;
  [[nodiscard]] kafka::consumer_group_describe_response::group describe(
      const consumer_settings& settings, const topic_view& topics) const;
  [[nodiscard]] const consumer_state& stored() const { return state_; }
  [[nodiscard]] std::size_t memory_bytes() const;
  // Steps taken so far over members, topics and partitions. For tests of how they grow.
  [[nodiscard]] std::uint64_t work() const { return work_; }

 private:
  friend class consumer_step;

  text id_;
  consumer_state state_;
  consumer_deadlines deadlines_;
  bool topics_looked_at_ = false;
  bool regexes_looked_at_ = false;
  std::int64_t regexes_resolved_ms_ = INT64_MIN / 2;  // steady
  std::uint64_t work_ = 0;
};

}  // namespace weir::group
