#pragma once
// One streams group (KIP-1071, as Kafka 4.3 serves it): members bring what their application is
// made of, say with each heartbeat which tasks they have, and are led to their share of the tasks
// step by step, so that no task ever has two workers.
//
// Entry points: apply (each record of the log), then loaded; heartbeat (a client), tick (time).
//
// What the log tells is in `state`, and changes by apply() alone. The rest is soft: until when
// members may be silent, what the topology comes to with the topics that there are, who wants the
// application to stop.
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/codec/streams_group_describe.h"
#include "core/codec/streams_group_heartbeat.h"
#include "core/group/consumer_deadlines.h"
#include "core/group/consumer_group.h"
#include "core/group/defects.h"
#include "core/group/group_error.h"
#include "core/group/output.h"
#include "core/group/streams_settings.h"
#include "core/group/streams_state.h"
#include "core/group/topics.h"

namespace weir::group {

struct streams_scene {
  const streams_settings& settings;
  const topic_view& topics;
  moment now;
  output& out;
  bool closed = false;  // nobody new is let in: there is no room
  [[no_unique_address]] defects broken{};
};

enum class streams_group_state : std::uint8_t { empty, not_ready, assigning, reconciling, stable };
std::string_view name_of(streams_group_state state);

class streams_group {
 public:
  explicit streams_group(text id) : id_(text::copy(id.view())) {}

  void apply(const streams_record& record) { state_.apply(record); }
  void loaded(const streams_scene& scene);

  // A refused request changes nothing.
  kafka::streams_group_heartbeat_response heartbeat(const kafka::streams_group_heartbeat_request& r,
                                                    const request_context& context,
                                                    const streams_scene& scene);
  // Ends members that are too late, `count` at most, and makes an assignment that was put off.
  void tick(const streams_scene& scene, std::size_t count);
  [[nodiscard]] std::optional<std::int64_t> next_deadline() const;
  // Something that topics tell has changed: the next heartbeat looks at them.
  void topics_changed() { topics_looked_at_ = false; }
  // Internal topics that are to be made, since this was called last. Again after a time, while they
  // are not there.
  [[nodiscard]] std::vector<internal_topic> take_missing() { return std::exchange(missing_, {}); }
  // What became of them: why those failed that did, by name. Members hear of it.
  void topics_made(std::map<text, std::string> failures);
  // All records that say the group is no more.
  void remove(const streams_scene& scene);

  // Whether a member may commit offsets of these topics' partitions (KIP-1251): one that works on
  // their tasks, and did so already in the epoch that it names.
  template <typename Topics>
  [[nodiscard]] group_result may_commit(const offset_claim& by, const Topics& topics) const {
    auto ok = may_commit(by);
    if (!ok || *ok == commit_check::done) return ok.transform([](commit_check) {});
    for (const auto& t : topics) {
      for (const auto& p : t.partitions) {
        if (const auto one = may_commit(by, t.name, p.partition_index); !one) return one;
      }
    }
    return {};
  }
  [[nodiscard]] group_result may_fetch(const offset_claim& by) const;

  [[nodiscard]] const text& id() const { return id_; }
  [[nodiscard]] bool empty() const { return state_.members().empty(); }
  [[nodiscard]] bool is_subscribed(const text& topic) const {
    return !empty() && state_.reader_of(topic);
  }
  [[nodiscard]] streams_group_state state() const;
  [[nodiscard]] kafka::streams_group_describe_response::group describe(
      const topic_view& topics) const;
  [[nodiscard]] const streams_state& stored() const { return state_; }
  [[nodiscard]] std::size_t memory_bytes() const;  // roughly
  // Steps taken so far over members and tasks. For tests of how they grow.
  [[nodiscard]] std::uint64_t work() const { return work_; }

 private:
  friend class streams_step;

  enum class commit_check : std::uint8_t { done, by_partition };
  [[nodiscard]] std::expected<commit_check, group_error> may_commit(const offset_claim& by) const;
  [[nodiscard]] group_result may_commit(const offset_claim& by, const text& topic,
                                        std::int32_t partition) const;

  text id_;
  streams_state state_;
  consumer_deadlines deadlines_;
  std::optional<std::int64_t> share_out_at_ms_;  // steady: the first assignment was put off
  bool topics_looked_at_ = false;
  std::int64_t topics_hash_ = 0;
  std::optional<configured_topology> configured_;  // of the stored topology
  std::int32_t endpoint_epoch_ = 0;                // grows as tasks move among told endpoints
  std::vector<internal_topic> missing_;            // to be made, and not yet asked for
  std::int64_t asked_at_ms_ = INT64_MIN / 2;       // steady: when that was asked for last
  std::map<text, std::string> failures_;           // of making them, the last time
  std::optional<text> stopped_by_;                 // the member that wants the application to stop
  std::uint64_t work_ = 0;
};

}  // namespace weir::group
