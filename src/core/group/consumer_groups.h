#pragma once
// All groups of the consumer protocol of one coordinator.
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <utility>

#include "core/group/classic_group.h"
#include "core/group/consumer_group.h"
#include "core/group/group_table.h"

namespace weir::group {

class consumer_groups {
 public:
  // How a group behaves: the settings of all, with those of its own.
  using settings_of_group = std::function<const consumer_settings&(const text& group_id)>;

  // `topics` outlives it.
  consumer_groups(settings_of_group settings, const topic_view& topics, const defects& broken = {})
      : settings_(std::move(settings)), topics_(topics), broken_(broken) {}

  // One of a key for which is_consumer_record() holds.
  std::expected<void, kafka::codec_error> apply(const fragments& key,
                                                const std::optional<fragments>& value);
  void loaded(moment now, output& out);

  // No group of another kind may have this id.
  kafka::consumer_group_heartbeat_response heartbeat(
      const kafka::consumer_group_heartbeat_request& r, const request_context& context,
      output& out);
  // The same where there is a classic group with this id: if the request is not refused, the group
  // becomes one of the consumer protocol. `release` ends the classic one.
  kafka::consumer_group_heartbeat_response heartbeat(
      const kafka::consumer_group_heartbeat_request& r, const request_context& context,
      const classic_group& instead_of, const std::function<void()>& release, output& out);
  [[nodiscard]] kafka::consumer_group_describe_response describe(
      const kafka::consumer_group_describe_request& r) const;
  // `count` members or groups at most.
  void tick(moment now, std::size_t count, output& out);
  [[nodiscard]] std::optional<std::int64_t> next_deadline() const {
    return groups_.next_deadline();
  }
  void topics_changed();

  [[nodiscard]] const consumer_group* find(const text& group_id) const {
    return groups_.find(group_id);
  }
  // Groups whose members all speak the classic protocol since this was called last: they may
  // become classic groups.
  [[nodiscard]] std::set<text> take_classic_only() { return std::exchange(classic_only_, {}); }
  // What `f` does to the group with this id, with all that has to be kept right around it.
  void change(const text& group_id, moment now, output& out,
              const std::function<void(consumer_group&, const consumer_scene&)>& f);
  // The group is no more.
  void remove(const text& group_id, moment now, output& out);
  [[nodiscard]] const group_table<consumer_group>::group_map& all() const { return groups_.all(); }
  [[nodiscard]] bool same_stored(const consumer_groups& other) const;
  [[nodiscard]] std::size_t memory_bytes() const { return groups_.memory_bytes(); }
  // While set, nobody new is let in.
  void close(bool closed) { closed_ = closed; }

 private:
  [[nodiscard]] consumer_scene scene(const text& group_id, moment now, output& out) const {
    return {settings_(group_id), topics_, now, out, closed_, broken_};
  }
  // After whatever was done to the group.
  void settle(const consumer_group& g);

  settings_of_group settings_;
  const topic_view& topics_;
  [[no_unique_address]] defects broken_;
  group_table<consumer_group> groups_;
  std::set<text> classic_only_;
  bool closed_ = false;
};

}  // namespace weir::group
