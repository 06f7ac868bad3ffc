#pragma once
// All share groups of one coordinator.
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <vector>

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
  [[nodiscard]] std::optional<std::int64_t> next_deadline() const;
  // The group is no more.
  void remove(const text& group_id, moment now, output& out);

  [[nodiscard]] const share_group* find(const text& group_id) const;
  [[nodiscard]] const std::map<text, std::unique_ptr<share_group>>& all() const { return groups_; }
  [[nodiscard]] bool same_stored(const share_groups& other) const;
  [[nodiscard]] std::size_t memory_bytes() const { return memory_bytes_; }
  // While set, nobody new is let in.
  void close(bool closed) { closed_ = closed; }

 private:
  share_group& made(const text& group_id);
  [[nodiscard]] share_scene scene(const text& group_id, moment now, output& out) const {
    return {settings_(group_id), topics_, now, out, closed_};
  }
  void erase(const text& group_id);
  // After whatever was done to the group: counts its memory, takes what it wants of the share
  // coordinators, and knows when it is due.
  void settle(share_group& g);

  settings_of_group settings_;
  const topic_view& topics_;
  std::map<text, std::unique_ptr<share_group>> groups_;
  std::vector<share_initialization> initializations_;
  bool closed_ = false;
  std::map<text, std::size_t> counted_;  // of memory, in the sum
  std::size_t memory_bytes_ = 0;
  // When groups have something to do, and the same by time.
  std::map<text, std::int64_t> due_;
  std::set<std::pair<std::int64_t, text>> in_order_;
};

}  // namespace weir::group
