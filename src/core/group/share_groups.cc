#include "core/group/share_groups.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/check.h"
#include "core/group/share_record_bytes.h"

namespace weir::group {
namespace {

using kafka::error_code;

kafka::share_group_heartbeat_response refused(error_code code, std::string message) {
  kafka::share_group_heartbeat_response out;
  out.error = code;
  if (!message.empty()) out.error_message = text(std::move(message));
  return out;
}

// What a request must say whatever state its group is in; nothing: it does.
std::optional<std::string_view> invalid(const kafka::share_group_heartbeat_request& r) {
  if (r.member_id.empty()) return "";  // Kafka says no more
  if (r.group_id.empty()) return "GroupId can't be empty.";
  if (r.rack_id && r.rack_id->empty()) return "RackId can't be empty.";
  if (r.member_epoch < leaving_epoch) return "MemberEpoch is invalid.";
  if (r.member_epoch == joining_epoch &&
      (!r.subscribed_topic_names || r.subscribed_topic_names->empty())) {
    return "SubscribedTopicNames must be set in first request.";
  }
  return std::nullopt;
}

}  // namespace

std::expected<void, kafka::codec_error> share_groups::apply(const fragments& key,
                                                            const std::optional<fragments>& value) {
  const auto record = weir_try(share_record_from(key, value));
  const auto& id = record.group_id;
  const auto* whole = std::get_if<group_record>(&record.record);
  if (whole && !whole->value) {
    groups_.erase(id);
    return {};
  }
  const bool ends = std::visit([](const auto& r) { return !r.value; }, record.record);
  if (ends && !groups_.contains(id)) return {};
  groups_.made(id).apply(record.record);
  return {};
}

void share_groups::loaded(moment now, output& out) {
  for (const auto& [id, g] : groups_.all()) {
    g->loaded(scene(id, now, out));
    settle(*g);
  }
}

kafka::share_group_heartbeat_response share_groups::heartbeat(
    const kafka::share_group_heartbeat_request& r, const request_context& context, output& out) {
  if (const auto why = invalid(r)) {
    return refused(error_code::invalid_request, std::string(*why));
  }
  const bool is_new = !groups_.contains(r.group_id);
  if (is_new && r.member_epoch != joining_epoch) {
    const auto* what = r.member_epoch == leaving_epoch ? "Group" : "Share group";
    return refused(error_code::group_id_not_found,
                   fmt::format("{} {} not found.", what, r.group_id));
  }
  auto& g = groups_.made(r.group_id);
  auto answer = g.heartbeat(r, context, scene(r.group_id, context.now, out));
  if (is_new && answer.error != error_code::none) {
    groups_.erase(r.group_id);
  } else {
    settle(g);
  }
  return answer;
}

kafka::share_group_describe_response share_groups::describe(
    const kafka::share_group_describe_request& r) const {
  kafka::share_group_describe_response out;
  for (const auto& id : r.group_ids) {
    if (const auto* g = find(id)) {
      out.groups.push_back(g->describe(topics_));
      continue;
    }
    auto& to = out.groups.emplace_back();
    to.group_id = id;
    to.error = id.empty() ? error_code::invalid_group_id : error_code::group_id_not_found;
    if (id.empty()) continue;
    to.error_message = text(fmt::format("Group {} not found.", id));
  }
  return out;
}

share_plan share_groups::plan(const share_plan_request& r, moment now, output& out) {
  const bool there = groups_.contains(r.group_id);
  if (!there && r.wish != share_wish::place) {
    share_plan refusal;
    if (r.wish == share_wish::tell) return refusal;
    refusal.error = error_code::group_id_not_found;
    refusal.error_message = text(fmt::format("Group {} not found.", r.group_id));
    return refusal;
  }
  if (!there && closed_) return {.error = error_code::coordinator_load_in_progress};
  auto& g = groups_.made(r.group_id);
  auto answer = g.plan(r, scene(r.group_id, now, out));
  settle(g);
  return answer;
}

void share_groups::forgotten(const text& group_id, std::span<const uuid> topics, moment now,
                             output& out) {
  auto* g = groups_.find(group_id);
  if (!g) return;
  g->forgotten(topics, scene(group_id, now, out));
  settle(*g);
}

std::vector<share_initialization> share_groups::take_initializations() {
  return std::exchange(initializations_, {});
}

void share_groups::initialized(const text& group_id, const topic_partitions& partitions, moment now,
                               output& out) {
  auto* g = groups_.find(group_id);
  if (!g) return;
  g->initialized(partitions, scene(group_id, now, out));
  settle(*g);
}

void share_groups::topics_deleted(std::span<const deleted_topic> topics, moment now, output& out) {
  for (const auto& [id, g] : groups_.all()) {
    g->topics_deleted(topics, scene(id, now, out));
    settle(*g);
  }
}

void share_groups::topics_changed() {
  for (const auto& [id, g] : groups_.all()) g->topics_changed();
}

void share_groups::tick(moment now, std::size_t count, output& out) {
  for (; count > 0; --count) {
    auto* g = groups_.due(now.steady_ms);
    if (!g) return;
    g->tick(scene(g->id(), now, out), count);
    settle(*g);
  }
}

void share_groups::remove(const text& group_id, moment now, output& out) {
  auto* g = groups_.find(group_id);
  if (!g) return;
  g->remove(scene(group_id, now, out));
  groups_.erase(group_id);
}

void share_groups::settle(share_group& g) {
  auto unknown = g.take_unknown();
  auto forgotten = g.take_forgotten();
  if (!unknown.empty() || !forgotten.empty()) {
    initializations_.push_back(
        {g.id(), g.stored().epoch().epoch, std::move(unknown), std::move(forgotten)});
  }
  groups_.settle(g);
}

bool share_groups::same_stored(const share_groups& other) const {
  return groups_.equals(other.groups_, [](const auto& a, const auto& b) {
    return a.stored() == b.stored() && a.partitions() == b.partitions();
  });
}

}  // namespace weir::group
