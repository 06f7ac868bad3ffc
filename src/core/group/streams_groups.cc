#include "core/group/streams_groups.h"

#include <fmt/format.h>

#include "core/base/check.h"
#include "core/group/streams_record_bytes.h"
#include "core/group/streams_request_check.h"

namespace weir::group {
namespace {

using kafka::error_code;

kafka::streams_group_heartbeat_response refused(const group_error& why) {
  kafka::streams_group_heartbeat_response out;
  out.error = why.code;
  if (!why.message.empty()) out.error_message = text(why.message);
  return out;
}

}  // namespace

std::expected<void, kafka::codec_error> streams_groups::apply(
    const fragments& key, const std::optional<fragments>& value) {
  auto record = weir_try(streams_record_from(key, value));
  const auto& id = record.group_id;
  const auto* whole = std::get_if<streams_group_record>(&record.record);
  if (whole && !whole->value) {
    groups_.erase(id);
    return {};
  }
  // A tombstone of a group that is no more.
  const bool ends = std::visit([](const auto& r) { return !r.value; }, record.record);
  if (ends && !groups_.contains(id)) return {};
  if (broken_.replays_no_revoked_tasks) {
    auto* current = std::get_if<streams_current_record>(&record.record);
    if (current && current->value) current->value->revoking = {};
  }
  groups_.made(id).apply(record.record);
  return {};
}

void streams_groups::loaded(moment now, output& out) {
  for (const auto& [id, g] : groups_.all()) {
    g->loaded(scene(id, now, out));
    groups_.settle(*g);
  }
}

kafka::streams_group_heartbeat_response streams_groups::heartbeat(
    const kafka::streams_group_heartbeat_request& r, const request_context& context, output& out) {
  if (const auto ok = check(r); !ok) return refused(ok.error());
  const bool is_new = !groups_.contains(r.group_id);
  if (is_new && r.member_epoch != joining_epoch) {
    const auto* what = r.member_epoch > joining_epoch ? "Streams group" : "Group";
    return refused(
        {error_code::group_id_not_found, fmt::format("{} {} not found.", what, r.group_id)});
  }
  auto& g = groups_.made(r.group_id);
  auto answer = g.heartbeat(r, context, scene(r.group_id, context.now, out));
  if (is_new && answer.error != error_code::none) {
    groups_.erase(r.group_id);
    return answer;
  }
  groups_.settle(g);
  if (auto missing = g.take_missing(); !missing.empty()) {
    missing_.push_back({g.id(), std::move(missing)});
  }
  return answer;
}

kafka::streams_group_describe_response streams_groups::describe(
    const kafka::streams_group_describe_request& r) const {
  kafka::streams_group_describe_response out;
  for (const auto& id : r.group_ids) {
    if (const auto* g = find(id)) {
      out.groups.push_back(g->describe(topics_));
      continue;
    }
    auto& to = out.groups.emplace_back();
    to.group_id = id;
    to.error = id.empty() ? error_code::invalid_group_id : error_code::group_id_not_found;
    if (!id.empty()) to.error_message = text(fmt::format("Group {} not found.", id));
  }
  return out;
}

void streams_groups::tick(moment now, std::size_t count, output& out) {
  for (; count > 0; --count) {
    auto* g = groups_.due(now.steady_ms);
    if (!g) return;
    g->tick(scene(g->id(), now, out), count);
    groups_.settle(*g);
  }
}

void streams_groups::topics_made(const text& group_id, std::map<text, std::string> failures) {
  if (auto* g = groups_.find(group_id)) g->topics_made(std::move(failures));
}

void streams_groups::topics_changed() {
  if (broken_.looks_once_at_topics) return;
  for (const auto& [id, g] : groups_.all()) g->topics_changed();
}

void streams_groups::remove(const text& group_id, moment now, output& out) {
  auto* g = groups_.find(group_id);
  if (!g) return;
  g->remove(scene(group_id, now, out));
  groups_.erase(group_id);
}

bool streams_groups::same_stored(const streams_groups& other) const {
  return groups_.equals(other.groups_,
                        [](const auto& a, const auto& b) { return a.stored() == b.stored(); });
}

}  // namespace weir::group
