#include "core/group/coordinator.h"

#include <algorithm>
#include <variant>

#include "core/group/consumer_record_bytes.h"
#include "core/group/coordinator_parts.h"
#include "core/group/record_type.h"
#include "core/group/share_record_bytes.h"
#include "core/group/streams_record_bytes.h"

namespace weir::group {

using kafka::error_code;

namespace {

// How much a request asks for.
struct item_count {
  template <typename Topics>
  static std::size_t partitions(const Topics& topics) {
    std::size_t n = topics.size();
    for (const auto& t : topics) n += t.partitions.size();
    return n;
  }
  std::size_t operator()(const kafka::join_group_request& r) const { return r.protocols.size(); }
  std::size_t operator()(const kafka::sync_group_request& r) const { return r.assignments.size(); }
  std::size_t operator()(const kafka::heartbeat_request&) const { return 1; }
  std::size_t operator()(const kafka::leave_group_request& r) const { return r.members.size(); }
  std::size_t operator()(const kafka::offset_commit_request& r) const {
    return partitions(r.topics);
  }
  std::size_t operator()(const kafka::txn_offset_commit_request& r) const {
    return partitions(r.topics);
  }
  std::size_t operator()(const kafka::offset_delete_request& r) const {
    return partitions(r.topics);
  }
  std::size_t operator()(const kafka::offset_fetch_request& r) const {
    std::size_t n = r.groups.size();
    const auto add = [&](const auto& topics) {
      if (!topics) return;
      for (const auto& t : *topics) n += 1 + t.partition_indexes.size();
    };
    add(r.topics);
    for (const auto& g : r.groups) add(g.topics);
    return n;
  }
  std::size_t operator()(const kafka::describe_groups_request& r) const { return r.groups.size(); }
  std::size_t operator()(const kafka::list_groups_request& r) const {
    return r.states_filter.size() + r.types_filter.size();
  }
  std::size_t operator()(const kafka::delete_groups_request& r) const {
    return r.groups_names.size();
  }
  std::size_t operator()(const kafka::consumer_group_heartbeat_request& r) const {
    return (r.subscribed_topic_names ? r.subscribed_topic_names->size() : 0) +
           (r.topic_partitions ? partitions(*r.topic_partitions) : 0);
  }
  std::size_t operator()(const kafka::consumer_group_describe_request& r) const {
    return r.group_ids.size();
  }
  std::size_t operator()(const kafka::share_group_heartbeat_request& r) const {
    return r.subscribed_topic_names ? r.subscribed_topic_names->size() : 0;
  }
  std::size_t operator()(const kafka::share_group_describe_request& r) const {
    return r.group_ids.size();
  }
  std::size_t operator()(const share_plan_request& r) const { return partitions(r.topics); }
  std::size_t operator()(const kafka::streams_group_heartbeat_request& r) const {
    std::size_t n = r.client_tags ? r.client_tags->size() : 0;
    for (const auto* tasks : {&r.active_tasks, &r.standby_tasks, &r.warmup_tasks}) {
      if (*tasks) n += partitions(**tasks);
    }
    if (!r.topology) return n;
    const auto internal = [&](const auto& topics) {
      for (const auto& t : topics) n += 1 + t.topic_configs.size();
    };
    for (const auto& s : r.topology->subtopologies) {
      n += 1 + s.source_topics.size() + s.source_topic_regex.size() +
           s.repartition_sink_topics.size();
      internal(s.state_changelog_topics);
      internal(s.repartition_source_topics);
      for (const auto& g : s.copartition_groups) {
        n += 1 + g.source_topics.size() + g.repartition_source_topics.size();
      }
    }
    return n;
  }
  std::size_t operator()(const kafka::streams_group_describe_request& r) const {
    return r.group_ids.size();
  }
};

template <typename Key, typename Value, typename Apply>
std::expected<void, kafka::codec_error> apply_decoded(const fragments& key,
                                                      const std::optional<fragments>& value,
                                                      Apply apply) {
  const auto k = weir_try(kafka::decode_prefixed<Key>(key));
  if (!value) {
    apply(k, static_cast<const Value*>(nullptr));
    return {};
  }
  const auto v = weir_try(kafka::decode_prefixed<Value>(*value));
  apply(k, &v);
  return {};
}

}  // namespace

coordinator::coordinator(const group_settings& settings, const topic_view& topics,
                         const defects& broken)
    : parts_(std::make_unique<parts>(settings, topics, broken)) {}
coordinator::~coordinator() = default;

std::expected<void, kafka::codec_error> coordinator::apply(
    const fragments& key, const std::optional<fragments>& value,
    const std::optional<transaction_of>& transaction) {
  const auto type = kafka::prefix_of(key);
  if (!type) return std::unexpected(kafka::codec_error::truncated);
  if (*type == record_type::offset_commit || *type == record_type::old_offset_commit) {
    return apply_decoded<logged::offset_commit_key, logged::offset_commit_value>(
        key, value,
        [&](const auto& k, const auto* v) { parts_->offsets.apply(k, v, transaction); });
  }
  if (*type == record_type::group_metadata) {
    return apply_decoded<logged::group_metadata_key, logged::group_metadata_value>(
        key, value, [&](const auto& k, const auto* v) { parts_->classic.apply(k, v); });
  }
  if (is_consumer_record(*type)) return parts_->consumers.apply(key, value);
  if (is_share_record(*type)) return parts_->shares.apply(key, value);
  if (is_streams_record(*type)) return parts_->streams.apply(key, value);
  return {};
}

void coordinator::apply_marker(producer_id producer, bool commit) {
  const auto touched =
      parts_->offsets.apply_marker(producer, commit || parts_->broken.aborts_commit);
  if (!parts_->loaded) return;
  for (const auto& group : touched) parts_->offsets_changed(group);
}

emitted<answer> coordinator::loaded(moment now) {
  auto& p = *parts_;
  output out(p.settings.batch_bytes_max);
  weir_check(!p.loaded, "a coordinator is loaded twice");
  p.loaded = true;
  p.classic.loaded(now, out);
  p.consumers.loaded(now, out);
  p.shares.loaded(now, out);
  p.streams.loaded(now, out);
  p.migrate_back(now, out);
  for (const auto& [group, topics] : p.offsets.groups()) p.offsets_changed(group);
  for (const auto& group : p.offsets.pending_groups()) p.offsets_changed(group);
  p.expiry_due_ms = now.steady_ms + p.settings.offsets_check_ms;
  return out.take();
}

bool coordinator::is_loaded() const {
  return parts_->loaded;
}

emitted<answer> coordinator::step(const request& r, const request_context& context) {
  auto& p = *parts_;
  output out(p.settings.batch_bytes_max);
  if (!p.loaded) {
    out.answer_to(context.ticket,
                  refusal(r, context.api_version, error_code::coordinator_load_in_progress));
  } else if (std::visit(item_count(), r) > p.settings.items_per_step_max) {
    out.answer_to(context.ticket, refusal(r, context.api_version, error_code::invalid_request));
  } else {
    p.classic.close(p.is_full());
    p.consumers.close(p.is_full());
    p.shares.close(p.is_full());
    p.streams.close(p.is_full());
    std::visit([&](const auto& one) { p.on(one, context, out); }, r);
  }
  return out.take();
}

emitted<answer> coordinator::tick(moment now) {
  auto& p = *parts_;
  output out(p.settings.batch_bytes_max);
  if (!p.loaded) return out.take();
  p.classic.tick(now, out);
  p.consumers.tick(now, p.settings.work_per_tick, out);
  p.shares.tick(now, p.settings.work_per_tick, out);
  p.streams.tick(now, p.settings.work_per_tick, out);
  p.migrate_back(now, out);
  if (p.expiry_due_ms <= now.steady_ms) p.expire_offsets(now, out);
  return out.take();
}

std::optional<std::int64_t> coordinator::next_deadline() const {
  const auto& p = *parts_;
  if (!p.loaded) return std::nullopt;
  return std::min({p.expiry_due_ms, p.classic.next_deadline().value_or(p.expiry_due_ms),
                   p.consumers.next_deadline().value_or(p.expiry_due_ms),
                   p.shares.next_deadline().value_or(p.expiry_due_ms),
                   p.streams.next_deadline().value_or(p.expiry_due_ms)});
}

emitted<answer> coordinator::topics_deleted(std::span<const deleted_topic> topics, moment now) {
  output out(parts_->settings.batch_bytes_max);
  if (!parts_->loaded) return out.take();
  parts_->delete_topics(topics, out);
  parts_->shares.topics_deleted(topics, now, out);
  return out.take();
}

emitted<answer> coordinator::topics_changed(moment) {
  // Clients of the classic protocol see to that themselves; the others at their next heartbeats.
  parts_->consumers.topics_changed();
  parts_->shares.topics_changed();
  parts_->streams.topics_changed();
  return {};
}

emitted<answer> coordinator::unload(error_code why) {
  output out(parts_->settings.batch_bytes_max);
  parts_->classic.give_up(why, out);
  return out.take();
}

void coordinator::configure(const group_settings& settings) {
  parts_->settings = settings;
}

group_figures coordinator::figures() const {
  const auto& p = *parts_;
  group_figures f;
  for (const auto state : {classic_state::empty, classic_state::preparing_rebalance,
                           classic_state::completing_rebalance, classic_state::stable}) {
    f.classic_by_state[name_of(state)] = 0;
  }
  for (const auto& [id, g] : p.classic.groups()) ++f.classic_by_state[name_of(g->state())];
  f.offsets = p.offsets.size();
  f.pending_offsets = p.offsets.pending_size();
  for (const auto state : {consumer_group_state::empty, consumer_group_state::assigning,
                           consumer_group_state::reconciling, consumer_group_state::stable}) {
    f.consumer_by_state[name_of(state)] = 0;
  }
  for (const auto& [id, g] : p.consumers.all()) ++f.consumer_by_state[name_of(g->state())];
  f.memory_bytes = p.memory_bytes();
  return f;
}

void coordinator::for_each_offset(
    const std::function<void(const committed_offset_view&)>& tell) const {
  for (const auto& [group, topics] : parts_->offsets.groups()) {
    for (const auto& [topic, partitions] : topics) {
      for (const auto& [partition, o] : partitions) {
        tell({group, topic, o.topic_id, partition, o.at, o.committed});
      }
    }
  }
}

bool coordinator::same_stored(const coordinator& other) const {
  return parts_->offsets == other.parts_->offsets &&
         parts_->classic.stored() == other.parts_->classic.stored() &&
         parts_->consumers.same_stored(other.parts_->consumers) &&
         parts_->shares.same_stored(other.parts_->shares) &&
         parts_->streams.same_stored(other.parts_->streams);
}

}  // namespace weir::group
