#include "core/group/share_group.h"

#include "core/group/kept.h"
#include "core/group/share_step.h"

namespace weir::group {
namespace {

using group::kept;

std::map<uuid, share_topic> kept(const std::map<uuid, share_topic>& from) {
  auto out = from;
  for (auto& [id, topic] : out) topic.name = kept(topic.name);
  return out;
}

}  // namespace

void share_group::apply(const share_record& record) {
  if (const auto* r = std::get_if<share_partitions_record>(&record)) {
    partitions_ = r->value.value_or(share_partitions());
    // Names are shares of what they were read from.
    partitions_.initializing = kept(partitions_.initializing);
    partitions_.initialized = kept(partitions_.initialized);
    for (auto& [id, name] : partitions_.deleting) name = kept(name);
    return;
  }
  std::visit(
      [&](const auto& r) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(r)>, share_partitions_record>) {
          state_.apply(consumer_record(r));
        }
      },
      record);
}

void share_group::loaded(const share_scene& scene) {
  share_step step(*this, scene);
  for (const auto& [id, member] : state_.members()) step.expect_heartbeat(id);
}

kafka::share_group_heartbeat_response share_group::heartbeat(
    const kafka::share_group_heartbeat_request& r, const request_context& context,
    const share_scene& scene) {
  return share_step(*this, scene).heartbeat(r, context);
}

void share_group::tick(const share_scene& scene, std::size_t count) {
  std::vector<text> late;
  while (late.size() < count) {
    const auto due = deadlines_.take(scene.now.steady_ms);
    if (!due) break;
    late.push_back(due->member_id);
  }
  if (!late.empty()) share_step(*this, scene).end(late);
}

void share_group::initialized(const topic_partitions& partitions, const share_scene& scene) {
  share_step(*this, scene).initialized(partitions);
}

void share_group::topics_deleted(std::span<const deleted_topic> topics, const share_scene& scene) {
  share_step(*this, scene).topics_deleted(topics);
}

share_plan share_group::plan(const share_plan_request& r, const share_scene& scene) {
  return share_step(*this, scene).plan(r);
}

void share_group::forgotten(std::span<const uuid> topics, const share_scene& scene) {
  share_step(*this, scene).forgotten(topics);
}

void share_group::remove(const share_scene& scene) {
  share_step(*this, scene).remove_group();
}

std::size_t share_group::memory_bytes() const {
  constexpr std::size_t whole = 512, of_topic = 128;
  auto out = whole + state_.memory_bytes() + of_topic * partitions_.deleting.size();
  for (const auto* in : {&partitions_.initializing, &partitions_.initialized}) {
    for (const auto& [id, t] : *in)
      out += of_topic + t.partitions.size() * sizeof(t.partitions.front());
  }
  return out;
}

std::string_view share_group::state_name() const {
  return empty() ? "Empty" : "Stable";
}

kafka::share_group_describe_response::group share_group::describe(const topic_view& topics) const {
  kafka::share_group_describe_response::group out;
  out.group_id = id_;
  out.group_state = text::unowned(state_name());
  out.group_epoch = state_.epoch().epoch;
  out.assignment_epoch = state_.target().epoch;
  out.assignor_name = "simple";
  for (const auto& [id, m] : state_.members()) {
    auto& to = out.members.emplace_back();
    to.member_id = id;
    to.rack_id = m.metadata.rack_id;
    to.member_epoch = m.current.epoch;
    to.client_id = m.metadata.client_id;
    to.client_host = m.metadata.client_host;
    to.subscribed_topic_names = {m.metadata.topic_names.begin(), m.metadata.topic_names.end()};
    for (const auto& [topic, epochs] : m.current.assigned.topics()) {
      const auto name = topics.name_of(topic);
      if (!name) continue;
      auto& t = to.assignment.topic_partitions.emplace_back();
      t.topic_id = topic;
      t.topic_name = text(*name);
      for (const auto& [partition, epoch] : epochs) t.partitions.push_back(partition);
    }
  }
  return out;
}

}  // namespace weir::group
