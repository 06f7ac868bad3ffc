#pragma once
// All share groups of one coordinator.
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "core/group/group_table.h"
#include "core/group/share_group.h"
#include "core/group/share_initialization.h"

namespace weir::group {

class share_groups {
 public:
  using settings_of_group = std::function<const share_settings&(const text& group_id)>;

  // `topics` outlives it.
  share_groups(settings_of_group settings, const topic_view& topics)
      : settings_(std::move(settings)), topics_(topics) {}

  // One of a key for which is_share_record() holds.
  std::expected<void, kafka::codec_error> apply(const fragments& key,
                                                const std::optional<fragments>& value);
  void loaded(moment now, output& out);

  // No group of another kind may have this id.
  kafka::share_group_heartbeat_response heartbeat(const kafka::share_group_heartbeat_request& r,
                                                  const request_context& context, output& out);
  [[nodiscard]] kafka::share_group_describe_response describe(
      const kafka::share_group_describe_request& r) const;
  // No group of another kind may have this id. One that is not there is made where it is placed;
  // to be forgotten it must be there.
  share_plan plan(const share_plan_request& r, moment now, output& out);
  void forgotten(const text& group_id, std::span<const uuid> topics, moment now, output& out);
  // What the steps since the last call found unknown.
  [[nodiscard]] std::vector<share_initialization> take_initializations();
  // A share coordinator did as it was asked.
  void initialized(const text& group_id, const topic_partitions& partitions, moment now,
                   output& out);
  void topics_deleted(std::span<const deleted_topic> topics, moment now, output& out);
  void topics_changed();
  // `count` members or groups at most.
  void tick(moment now, std::size_t count, output& out);
  [[nodiscard]] std::optional<std::int64_t> next_deadline() const {
    return groups_.next_deadline();
  }
  // The group is no more.
  void remove(const text& group_id, moment now, output& out);

  [[nodiscard]] const share_group* find(const text& group_id) const {
    return groups_.find(group_id);
  }
  [[nodiscard]] const group_table<share_group>::group_map& all() const { return groups_.all(); }
  [[nodiscard]] bool same_stored(const share_groups& other) const;
  [[nodiscard]] std::size_t memory_bytes() const { return groups_.memory_bytes(); }
  // While set, nobody new is let in.
  void close(bool closed) { closed_ = closed; }

 private:
  [[nodiscard]] share_scene scene(const text& group_id, moment now, output& out) const {
    return {settings_(group_id), topics_, now, out, closed_};
  }
  // After whatever was done to the group.
  void settle(share_group& g);

  settings_of_group settings_;
  const topic_view& topics_;
  group_table<share_group> groups_;
  std::vector<share_initialization> initializations_;
  bool closed_ = false;
};

}  // namespace weir::group
