#include "core/group/consumer_groups.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/check.h"
#include "core/group/consumer_migration.h"
#include "core/group/consumer_record_bytes.h"
#include "core/group/consumer_request_check.h"

namespace weir::group {
namespace {

using kafka::error_code;

kafka::consumer_group_heartbeat_response refused(error_code code, std::string message) {
  kafka::consumer_group_heartbeat_response out;
  out.error = code;
  out.error_message = text(std::move(message));
  return out;
}

void forget(consumer_record& record, const defects& broken) {
  auto* current = std::get_if<current_record>(&record);
  if (!current || !current->value) return;
  if (broken.replays_no_revoking) current->value->revoking = {};
  if (!broken.replays_no_epochs) return;
  auto& assigned = current->value->assigned;
  owned_partitions now;
  assigned.for_each([&](const partition_key& p, std::int32_t) { now.add(p, 0); });
  assigned = now;
}

}  // namespace

std::expected<void, kafka::codec_error> consumer_groups::apply(
    const fragments& key, const std::optional<fragments>& value) {
  auto record = weir_try(consumer_record_from(key, value));
  if (!record) return {};
  const auto& id = record->group_id;
  const auto* whole = std::get_if<group_record>(&record->record);
  if (whole && !whole->value) {
    groups_.erase(id);
    return {};
  }
  // A tombstone of a group that is no more.
  const bool ends = std::visit([](const auto& r) { return !r.value; }, record->record);
  if (ends && !groups_.contains(id)) return {};
  if (broken_.replays_no_revoking || broken_.replays_no_epochs) forget(record->record, broken_);
  groups_.made(id).apply(record->record);
  return {};
}

void consumer_groups::loaded(moment now, output& out) {
  for (const auto& [id, g] : groups_.all()) {
    g->loaded(scene(id, now, out));
    settle(*g);
  }
}

kafka::consumer_group_heartbeat_response consumer_groups::heartbeat(
    const kafka::consumer_group_heartbeat_request& r, const request_context& context, output& out) {
  const auto& settings = settings_(r.group_id);
  if (const auto ok = check(r, context.api_version, settings); !ok) {
    return refused(ok.error().code, ok.error().message);
  }
  const bool is_new = !groups_.contains(r.group_id);
  if (is_new && r.member_epoch != joining_epoch) {
    return refused(error_code::group_id_not_found,
                   r.member_epoch > joining_epoch
                       ? fmt::format("Consumer group {} not found.", r.group_id)
                       : fmt::format("Group {} not found.", r.group_id));
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

kafka::consumer_group_heartbeat_response consumer_groups::heartbeat(
    const kafka::consumer_group_heartbeat_request& r, const request_context& context,
    const classic_group& instead_of, const std::function<void()>& release, output& out) {
  const auto at = scene(r.group_id, context.now, out);
  if (const auto ok = check(r, context.api_version, at.settings); !ok) {
    return refused(ok.error().code, ok.error().message);
  }
  if (r.member_epoch != joining_epoch) {
    return refused(error_code::group_id_not_found,
                   fmt::format("Group {} is not a consumer group.", r.group_id));
  }
  std::vector<consumer_record> records;
  // A group without members begins anew, whatever the policy is.
  if (instead_of.state() != classic_state::empty) {
    auto made_of = upgraded(instead_of, at.settings, topics_);
    if (!made_of) return refused(made_of.error().code, made_of.error().message);
    records = *std::move(made_of);
  }
  consumer_group trial(r.group_id);
  for (const auto& record : records) trial.apply(record);
  if (const auto ok = trial.would_take(r, context, at); !ok) {
    return refused(ok.error().code, ok.error().message);
  }
  release();
  groups_.made(r.group_id).become(records, at);
  return heartbeat(r, context, out);
}

kafka::consumer_group_describe_response consumer_groups::describe(
    const kafka::consumer_group_describe_request& r) const {
  kafka::consumer_group_describe_response out;
  for (const auto& id : r.group_ids) {
    if (const auto* g = find(id)) {
      out.groups.push_back(g->describe(settings_(id), topics_));
      continue;
    }
    auto& to = out.groups.emplace_back();
    to.group_id = id;
    to.error = error_code::group_id_not_found;
    to.error_message = text(fmt::format("Group {} not found.", id));
  }
  return out;
}

void consumer_groups::tick(moment now, std::size_t count, output& out) {
  for (; count > 0; --count) {
    auto* g = groups_.due(now.steady_ms);
    if (!g) return;
    g->tick(scene(g->id(), now, out), count);
    settle(*g);
  }
}

void consumer_groups::topics_changed() {
  for (const auto& [id, g] : groups_.all()) g->topics_changed();
}

void consumer_groups::change(const text& group_id, moment now, output& out,
                             const std::function<void(consumer_group&, const consumer_scene&)>& f) {
  auto* g = groups_.find(group_id);
  if (!g) return;
  f(*g, scene(group_id, now, out));
  settle(*g);
}

void consumer_groups::remove(const text& group_id, moment now, output& out) {
  change(group_id, now, out,
         [](consumer_group& g, const consumer_scene& scene) { g.remove(scene); });
  groups_.erase(group_id);
}

void consumer_groups::settle(const consumer_group& g) {
  const auto& s = g.stored();
  if (s.classic_members() > 0 && s.classic_members() == s.members().size()) {
    classic_only_.insert(g.id());
  }
  groups_.settle(g);
}

bool consumer_groups::same_stored(const consumer_groups& other) const {
  return groups_.equals(other.groups_,
                        [](const auto& a, const auto& b) { return a.stored() == b.stored(); });
}

}  // namespace weir::group
