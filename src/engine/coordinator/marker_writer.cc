#include "engine/coordinator/marker_writer.h"

#include <seastar/core/coroutine.hh>
#include <seastar/core/with_timeout.hh>
#include <seastar/coroutine/parallel_for_each.hh>

#include <numeric>

#include "core/codec/write_txn_markers.h"
#include "engine/cluster/calls.h"
#include "engine/coordinator/internal_topics.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using kafka::error_code;

constexpr auto placed_within = 2s;
constexpr auto commit_patience = 20s;
constexpr auto call_patience = 25s;

group::transaction_of whose(const wanted_marker& m) {
  return {.producer = m.producer, .epoch = m.epoch};
}

record::marker kind_of(const wanted_marker& m) {
  return m.commit ? record::marker::commit : record::marker::abort;
}

error_code code_of(replica_error why) {
  switch (why) {
    case replica_error::invalid_producer_epoch:
      return error_code::invalid_producer_epoch;
    case replica_error::no_space:
      return error_code::not_enough_replicas;
    case replica_error::storage:
    case replica_error::damaged:
      return error_code::kafka_storage_error;
    default:
      return error_code::not_leader_or_follower;
  }
}

error_code code_of(coordinator_error why) {
  return why == coordinator_error::loading ? error_code::coordinator_load_in_progress
                                           : error_code::not_leader_or_follower;
}

kafka::write_txn_markers_request request_of(const std::vector<wanted_marker>& markers) {
  kafka::write_txn_markers_request out;
  for (const auto& m : markers) {
    auto& o = out.markers.emplace_back();
    o.producer_id = m.producer.value();
    o.producer_epoch = m.epoch.value();
    o.transaction_result = m.commit;
    o.coordinator_epoch = m.coordinator_epoch;
    o.transaction_version = static_cast<std::int8_t>(m.transaction_version);
    auto& t = o.topics.emplace_back();
    t.name = text(m.topic);
    t.partition_indexes.push_back(m.partition);
  }
  return out;
}

std::vector<wanted_marker> markers_of(const kafka::write_txn_markers_request& in) {
  std::vector<wanted_marker> out;
  for (const auto& m : in.markers) {
    for (const auto& t : m.topics) {
      for (const auto p : t.partition_indexes) {
        out.push_back({.topic = t.name.str(),
                       .partition = p,
                       .producer = producer_id(m.producer_id),
                       .epoch = producer_epoch(m.producer_epoch),
                       .commit = m.transaction_result,
                       .coordinator_epoch = m.coordinator_epoch,
                       .transaction_version = m.transaction_version});
      }
    }
  }
  return out;
}

// On the partition's shard.
seastar::future<error_code> place_here(cluster& c, partition_key key, wanted_marker m) {
  auto* r = c.find(key);
  if (!r) co_return error_code::not_leader_or_follower;
  const auto use = r->use();
  const auto came = std::chrono::steady_clock::now();
  co_await r->wait_room();
  // Whoever sent it may have given it up, and begun the next transaction.
  if (std::chrono::steady_clock::now() - came > placed_within)
    co_return error_code::not_leader_or_follower;
  const auto now = coordinator_now().wall;
  const auto placed = r->place_decision(
      marker_batch(whose(m), kind_of(m), m.coordinator_epoch, r->leader_epoch(), now), now);
  if (!placed) co_return code_of(placed.error());
  try {
    co_await seastar::with_timeout(seastar::lowres_clock::now() + commit_patience,
                                   r->wait_committed(placed->index, placed->term));
  } catch (...) {
    co_return error_code::not_leader_or_follower;  // whether it is there is not known
  }
  co_return error_code::none;
}

// A partition of offsets is its coordinator's: it learns of the marker where it stands in the log.
seastar::future<error_code> end_in_group(groups_of_shard& groups, wanted_marker m) {
  const auto done = co_await groups.on(
      m.partition,
      [m](groups_of_shard::shell& s) -> seastar::future<std::expected<void, coordinator_error>> {
        auto batch = marker_batch(whose(m), kind_of(m), m.coordinator_epoch, s.epoch(),
                                  coordinator_now().wall);
        return s.act_with(std::move(batch), [m](group::coordinator& c, group::moment) {
          c.apply_marker(m.producer, m.commit);
          return group_kind::effects();
        });
      });
  co_return done ? error_code::none : code_of(done.error());
}

}  // namespace

marker_writer::marker_writer(seastar::sharded<cluster>& where,
                             seastar::sharded<peer::peer_links>& links,
                             seastar::sharded<groups_of_shard>& groups)
    : where_(where), links_(links), groups_(groups) {}

void marker_writer::start() {
  links_.local().serve(calls::write_markers,
                       [this](node_id, fragments payload) { return serve(std::move(payload)); });
}

seastar::future<std::vector<error_code>> marker_writer::write(std::vector<wanted_marker> markers) {
  std::vector<error_code> codes(markers.size());
  std::vector<std::size_t> all(markers.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  co_await seastar::coroutine::parallel_for_each(all, [&](std::size_t i) -> seastar::future<> {
    codes[i] = co_await write_one(std::move(markers[i]));
  });
  co_return codes;
}

seastar::future<error_code> marker_writer::write_one(wanted_marker m) {
  const auto* t = where_.local().catalog().find(m.topic);
  const partition_key key{t ? t->id : uuid(), m.partition};
  if (!t || !where_.local().catalog().find(key)) co_return error_code::unknown_topic_or_partition;
  if (m.topic == offsets_topic) co_return co_await end_in_group(groups_.local(), std::move(m));
  co_return co_await where_.invoke_on(
      where_.local().shard_of(key),
      [key, m = std::move(m)](cluster& c) mutable { return place_here(c, key, std::move(m)); });
}

seastar::future<fragments> marker_writer::serve(fragments payload) {
  const auto asked = calls::decode<kafka::write_txn_markers_request>(payload);
  const auto codes = co_await write(markers_of(asked));
  kafka::write_txn_markers_response out;
  auto code = codes.begin();
  for (const auto& m : asked.markers) {
    auto& told = out.markers.emplace_back();
    told.producer_id = m.producer_id;
    for (const auto& t : m.topics) {
      auto& topic = told.topics.emplace_back();
      topic.name = t.name;
      for (const auto p : t.partition_indexes) {
        auto& partition = topic.partitions.emplace_back();
        partition.partition_index = p;
        partition.error = *code++;
      }
    }
  }
  co_return calls::encode(out);
}

seastar::future<std::vector<error_code>> marker_writer::write_at(
    node_id to, std::vector<wanted_marker> markers) {
  const auto got = co_await links_.local().call(to, seastar::this_shard_id(), calls::write_markers,
                                                calls::encode(request_of(markers)),
                                                seastar::lowres_clock::now() + call_patience);
  std::vector<error_code> codes;
  if (!got) co_return codes;
  const auto told = calls::decode<kafka::write_txn_markers_response>(*got);
  for (const auto& m : told.markers) {
    for (const auto& t : m.topics) {
      for (const auto& p : t.partitions) codes.push_back(p.error);
    }
  }
  co_return codes;
}

}  // namespace weir
