#include "engine/coordinator/groups.h"

#include <seastar/core/coroutine.hh>
#include <seastar/util/later.hh>

#include <algorithm>
#include <iterator>
#include <set>

#include "engine/coordinator/group_options.h"
#include "engine/coordinator/streams_topics.h"

namespace weir {

group_kind::group_kind(groups_of_shard& all, share_persister& persister)
    : all_(all), persister_(persister) {
  all_.of().topics().add(*this);
}

group_kind::~group_kind() {
  all_.of().topics().remove(*this);
}

std::unique_ptr<group::coordinator> group_kind::make(std::int32_t) {
  return std::make_unique<group::coordinator>(settings(), *this);
}

bool group_kind::replay(core& c, const record::batch_header& batch, const record::record& stored) {
  if (!stored.key) return true;  // Kafka skips what has no key, too
  std::optional<group::transaction_of> transaction;
  if (batch.transactional())
    transaction = group::transaction_of{.producer = batch.producer, .epoch = batch.epoch};
  return c.apply(fragments(*stored.key), stored.value, transaction).has_value();
}

void group_kind::replay_marker(core& c, const record::batch_header& batch,
                               record::marker_seen seen) {
  c.apply_marker(batch.producer, seen.kind == record::marker::commit);
}

std::optional<step_in_transaction> group_kind::transaction_of(const request& r) {
  const auto* within = std::get_if<kafka::txn_offset_commit_request>(&r.is);
  if (!within) return std::nullopt;
  return step_in_transaction{.whose = {.producer = producer_id(within->producer_id),
                                       .epoch = producer_epoch(within->producer_epoch)},
                             .verified = r.verified};
}

group_kind::effects group_kind::step(core& c, request r, group::ticket t, group::moment now) {
  return {c.step(r.is, {.api_version = r.api_version,
                        .ticket = t,
                        .now = now,
                        .client_id = std::move(r.client_id),
                        .client_host = std::move(r.client_host),
                        .fresh = r.fresh}),
          c};
}

std::optional<group::known_topic> group_kind::find(std::string_view name) const {
  const auto* t = all_.of().catalog().find(name);
  if (!t) return std::nullopt;
  return group::known_topic{.id = t->id,
                            .partitions = static_cast<std::int32_t>(t->partitions.size())};
}

std::optional<std::string> group_kind::name_of(const uuid& id) const {
  const auto* t = all_.of().catalog().find(id);
  return t ? std::optional(t->name) : std::nullopt;
}

void group_kind::for_each(
    const std::function<void(std::string_view, const group::known_topic&)>& tell) const {
  for (const auto& [name, t] : all_.of().catalog().topics()) {
    tell(name, {.id = t->id, .partitions = static_cast<std::int32_t>(t->partitions.size())});
  }
}

void group_kind::topic_deleted(const std::string& name, const uuid& id) {
  const group::deleted_topic gone{.name = name, .id = id};
  for (const auto& [key, s] : all_.all()) {
    (void)s->act(
        [&](core& c, group::moment now) { return effects{c.topics_deleted({&gone, 1}, now), c}; });
  }
}

void group_kind::catalog_changed() {
  const auto wanted = settings();
  for (const auto& [key, s] : all_.all()) {
    (void)s->act([&](core& c, group::moment now) {
      c.configure(wanted);
      return effects{c.topics_changed(now), c};
    });
  }
}

group::group_settings group_kind::settings() const {
  const auto& state = all_.of();
  const auto o = state.options();
  group::group_settings out;
  out.session_timeout_ms_min = static_cast<std::int32_t>(o.group_session_ms_min.count());
  out.session_timeout_ms_max = static_cast<std::int32_t>(o.group_session_ms_max.count());
  out.first_rebalance_delay_ms =
      static_cast<std::int32_t>(o.group_first_rebalance_delay_ms.count());
  out.members_max = static_cast<std::size_t>(o.group_members_max);
  out.offsets_retention_ms = std::int64_t{o.offsets_retention_minutes} * 60'000;
  out.offset_metadata_bytes_max = static_cast<std::int32_t>(o.offsets_metadata_bytes_max);
  out.streams = streams_settings_of(o, resolve_group(state.layers()));
  for (const auto& [name, configs] : state.catalog().group_configs())
    out.streams_by_group.emplace(name, streams_settings_of(o, state.options_of_group(name)));
  out.share = share_settings_of(o, resolve_group(state.layers()));
  for (const auto& [name, configs] : state.catalog().group_configs())
    out.share_by_group.emplace(name, share_settings_of(o, state.options_of_group(name)));
  out.consumer = consumer_settings_of(o, resolve_group(state.layers()));
  for (const auto& [name, configs] : state.catalog().group_configs())
    out.consumer_by_group.emplace(name, consumer_settings_of(o, state.options_of_group(name)));
  return out;
}

namespace {

bool is_gone(kafka::error_code code) {
  return code == kafka::error_code::none || code == kafka::error_code::unknown_topic_or_partition;
}

template <typename Request>
Request request_for(const group::share_initialization& what,
                    const group::topic_partitions& partitions) {
  Request out;
  out.group_id = what.group_id;
  for (const auto& [id, list] : partitions.topics()) {
    auto& topic = out.topics.emplace_back();
    topic.topic_id = id;
    for (const auto p : list) topic.partitions.emplace_back().partition = p;
  }
  return out;
}

}  // namespace

void group_kind::released(std::int32_t partition, effects out) {
  if (fibers_.stopping()) return;
  for (auto& what : out.share_work) {
    fibers_.spawn("share groups' states", [this, partition, what = std::move(what)]() mutable {
      return carry_out(partition, std::move(what));
    });
  }
  for (auto& what : out.topics) {
    fibers_.spawn("streams groups' topics", [this, partition, what = std::move(what)]() mutable {
      return make_topics(partition, std::move(what));
    });
  }
}

// What fails is wanted again by a later heartbeat.
seastar::future<> group_kind::make_topics(std::int32_t partition,
                                          group::internal_topics_wanted what) {
  co_await seastar::yield();
  auto failures = co_await make_streams_topics(all_.of(), what);
  if (auto* s = all_.find(partition)) {
    (void)s->act([&](core& c, group::moment) {
      c.internal_topics_made(what.group_id, std::move(failures));
      return effects{{}, c};
    });
  }
}

// What fails is wanted again by a later heartbeat (group.share.initialize.retry.interval.ms).
seastar::future<> group_kind::carry_out(std::int32_t partition, group::share_initialization what) {
  // What is told from here on comes from outside of the step that wanted it.
  co_await seastar::yield();
  if (!what.forgotten.empty()) co_await forget(partition, what);
  if (!what.partitions.empty()) co_await initialize(partition, what);
}

seastar::future<> group_kind::initialize(std::int32_t partition,
                                         const group::share_initialization& what) {
  auto asked = request_for<kafka::initialize_share_group_state_request>(what, what.partitions);
  for (auto& topic : asked.topics) {
    for (auto& p : topic.partitions) {
      p.state_epoch = what.state_epoch;
      p.start_offset = no_offset.value();
    }
  }
  const auto told =
      co_await persister_.ask<kafka::initialize_share_group_state_request,
                              kafka::initialize_share_group_state_response>(std::move(asked));
  group::topic_partitions done;
  for (const auto& topic : told.results) {
    for (const auto& p : topic.partitions) {
      if (p.error == kafka::error_code::none) {
        done.add({topic.topic_id, p.partition});
        continue;
      }
      coordinator_log.warn("share group {}: partition {} of topic {} can't be begun now: {}",
                           what.group_id, p.partition, topic.topic_id,
                           kafka::describe(p.error).name);
    }
  }
  auto* s = all_.find(partition);
  if (!s || done.empty()) co_return;
  (void)s->act([&](core& c, group::moment now) {
    return effects{c.share_initialized(what.group_id, done, now), c};
  });
}

seastar::future<> group_kind::forget(std::int32_t partition,
                                     const group::share_initialization& what) {
  const auto told =
      co_await persister_
          .ask<kafka::delete_share_group_state_request, kafka::delete_share_group_state_response>(
              request_for<kafka::delete_share_group_state_request>(what, what.forgotten));
  std::set<uuid> gone, kept;
  for (const auto& topic : told.results) {
    gone.insert(topic.topic_id);
    for (const auto& p : topic.partitions) {
      if (!is_gone(p.error)) kept.insert(topic.topic_id);
    }
  }
  std::vector<uuid> topics;
  std::ranges::set_difference(gone, kept, std::back_inserter(topics));
  auto* s = all_.find(partition);
  if (!s || topics.empty()) co_return;
  (void)s->act([&](core& c, group::moment now) {
    return effects{c.share_forgotten(what.group_id, topics, now), c};
  });
}

}  // namespace weir
