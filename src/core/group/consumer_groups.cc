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
    erase(id);
    return {};
  }
  // A tombstone of a group that is no more.
  const bool ends = std::visit([](const auto& r) { return !r.value; }, record->record);
  if (ends && !groups_.contains(id)) return {};
  if (broken_.replays_no_revoking || broken_.replays_no_epochs) forget(record->record, broken_);
  made(id).apply(record->record);
  return {};
}

void consumer_groups::loaded(moment now, output& out) {
  for (const auto& [id, g] : groups_) {
    g->loaded(scene(id, now, out));
    settle(*g);
  }
}

consumer_group& consumer_groups::made(const text& group_id) {
  auto at = groups_.find(group_id);
  if (at == groups_.end()) {
    auto g = std::make_unique<consumer_group>(group_id);
    const auto& id = g->id();
    at = groups_.emplace(id, std::move(g)).first;
  }
  return *at->second;
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
  auto& g = made(r.group_id);
  auto answer = g.heartbeat(r, context, scene(r.group_id, context.now, out));
  if (is_new && answer.error != error_code::none) {
    erase(r.group_id);
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
  made(r.group_id).become(records, at);
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
  while (!in_order_.empty() && in_order_.begin()->first <= now.steady_ms && count > 0) {
    const auto id = in_order_.begin()->second;
    change(id, now, out,
           [&](consumer_group& g, const consumer_scene& scene) { g.tick(scene, count); });
    --count;
  }
}

std::optional<std::int64_t> consumer_groups::next_deadline() const {
  if (in_order_.empty()) return std::nullopt;
  return in_order_.begin()->first;
}

void consumer_groups::topics_changed() {
  for (const auto& [id, g] : groups_) g->topics_changed();
}

const consumer_group* consumer_groups::find(const text& group_id) const {
  const auto at = groups_.find(group_id);
  return at == groups_.end() ? nullptr : at->second.get();
}

void consumer_groups::change(const text& group_id, moment now, output& out,
                             const std::function<void(consumer_group&, const consumer_scene&)>& f) {
  const auto at = groups_.find(group_id);
  if (at == groups_.end()) return;
  f(*at->second, scene(group_id, now, out));
  settle(*at->second);
}

void consumer_groups::remove(const text& group_id, moment now, output& out) {
  change(group_id, now, out,
         [](consumer_group& g, const consumer_scene& scene) { g.remove(scene); });
  erase(group_id);
}

void consumer_groups::erase(const text& group_id) {
  if (const auto at = due_.find(group_id); at != due_.end()) {
    in_order_.erase({at->second, at->first});
    due_.erase(at);
  }
  if (const auto at = counted_.find(group_id); at != counted_.end()) {
    memory_bytes_ -= at->second;
    counted_.erase(at);
  }
  groups_.erase(group_id);
}

void consumer_groups::settle(const consumer_group& g) {
  auto& counted = counted_[g.id()];
  memory_bytes_ += g.memory_bytes() - counted;
  counted = g.memory_bytes();
  const auto& s = g.stored();
  if (s.classic_members() > 0 && s.classic_members() == s.members().size()) {
    classic_only_.insert(g.id());
  }
  const auto next = g.next_deadline();
  const auto at = due_.find(g.id());
  if (at != due_.end()) {
    if (next && *next == at->second) return;
    in_order_.erase({at->second, at->first});
    due_.erase(at);
  }
  if (!next) return;
  due_.emplace(g.id(), *next);
  in_order_.insert({*next, g.id()});
}

bool consumer_groups::same_stored(const consumer_groups& other) const {
  return std::ranges::equal(groups_, other.groups_, [](const auto& a, const auto& b) {
    return a.first == b.first && a.second->stored() == b.second->stored();
  });
}

}  // namespace weir::group
