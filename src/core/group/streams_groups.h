#pragma once
// All streams groups of one coordinator.
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/group/group_table.h"
#include "core/group/internal_topics_wanted.h"
#include "core/group/streams_group.h"

namespace weir::group {

class streams_groups {
 public:
  using settings_of_group = std::function<const streams_settings&(const text& group_id)>;

  // `topics` outlives it.
  streams_groups(settings_of_group settings, const topic_view& topics, const defects& broken = {})
      : settings_(std::move(settings)), topics_(topics), broken_(broken) {}

  // One of a key for which is_streams_record() holds.
  std::expected<void, kafka::codec_error> apply(const fragments& key,
                                                const std::optional<fragments>& value);
  void loaded(moment now, output& out);

  // No group of another kind may have this id.
  kafka::streams_group_heartbeat_response heartbeat(const kafka::streams_group_heartbeat_request& r,
                                                    const request_context& context, output& out);
  [[nodiscard]] kafka::streams_group_describe_response describe(
      const kafka::streams_group_describe_request& r) const;
  // `count` members or groups at most.
  void tick(moment now, std::size_t count, output& out);
  [[nodiscard]] std::optional<std::int64_t> next_deadline() const {
    return groups_.next_deadline();
  }
  void topics_changed();
  // What the steps since the last call want made.
  [[nodiscard]] std::vector<internal_topics_wanted> take_missing() {
    return std::exchange(missing_, {});
  }
  // What became of that: why those failed that did, by name.
  void topics_made(const text& group_id, std::map<text, std::string> failures);
  // The group is no more.
  void remove(const text& group_id, moment now, output& out);

  [[nodiscard]] const streams_group* find(const text& group_id) const {
    return groups_.find(group_id);
  }
  [[nodiscard]] const group_table<streams_group>::group_map& all() const { return groups_.all(); }
  [[nodiscard]] bool same_stored(const streams_groups& other) const;
  [[nodiscard]] std::size_t memory_bytes() const { return groups_.memory_bytes(); }
  // While set, nobody new is let in.
  void close(bool closed) { closed_ = closed; }

 private:
  [[nodiscard]] streams_scene scene(const text& group_id, moment now, output& out) const {
    return {settings_(group_id), topics_, now, out, closed_, broken_};
  }

  settings_of_group settings_;
  const topic_view& topics_;
  [[no_unique_address]] defects broken_;
  group_table<streams_group> groups_;
  std::vector<internal_topics_wanted> missing_;
  bool closed_ = false;
};

}  // namespace weir::group
