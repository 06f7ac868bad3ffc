#include "engine/coordinator/marker_writer.h"

#include <seastar/core/coroutine.hh>
#include <seastar/coroutine/parallel_for_each.hh>

#include <numeric>

#include "engine/cluster/calls.h"
#include "engine/cluster/write_marker.h"
#include "engine/coordinator/internal_topics.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using kafka::error_code;

constexpr auto commit_patience = 20s;
constexpr auto call_patience = 25s;

log::transaction_marker marker_of(const wanted_marker& m) {
  return {.producer = m.producer,
          .epoch = m.epoch,
          .kind = m.commit ? record::marker::commit : record::marker::abort,
          .coordinator_epoch = m.coordinator_epoch};
}

error_code code_of(replica_error why) {
  switch (why) {
    case replica_error::invalid_producer_epoch:
      return error_code::invalid_producer_epoch;
    case replica_error::coordinator_fenced:
      return error_code::transaction_coordinator_fenced;
    case replica_error::bad_sequence:
      return error_code::invalid_request;
    case replica_error::no_space:
      return error_code::not_enough_replicas;
    case replica_error::timed_out:
      return error_code::request_timed_out;
    case replica_error::storage:
    case replica_error::damaged:
      return error_code::kafka_storage_error;
    default:
      return error_code::not_leader_or_follower;
  }
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

// A partition of offsets is its coordinator's: it learns of the marker where it stands in the log.
seastar::future<error_code> end_in_group(groups_of_shard& groups, wanted_marker m) {
  const auto shard = groups.shard_of(m.partition);
  if (!shard) co_return error_code::unknown_topic_or_partition;
  co_return co_await groups.container().invoke_on(
      *shard,
      [](groups_of_shard& there, wanted_marker w) -> seastar::future<error_code> {
        auto* s = there.find(w.partition);
        if (!s) co_return error_code::not_leader_or_follower;
        if (s->where().loading()) co_return error_code::coordinator_load_in_progress;
        const auto done = co_await s->end_transaction(marker_of(w), w.transaction_version,
                                                      [&w](group::coordinator& c, group::moment) {
                                                        c.apply_marker(w.producer, w.commit);
                                                        return group_kind::effects();
                                                      });
        co_return done ? error_code::none : code_of(done.error());
      },
      m);
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
  co_await seastar::coroutine::parallel_for_each(
      // The lambda lives until all of its calls have ended.
      // NOLINTNEXTLINE(cppcoreguidelines-avoid-capturing-lambda-coroutines)
      all, [&](std::size_t i) -> seastar::future<> {
        codes[i] = co_await write_one(std::move(markers[i]));
      });
  co_return codes;
}

seastar::future<error_code> marker_writer::write_one(wanted_marker m) {
  const auto* t = where_.local().catalog().find(m.topic);
  const partition_key key{t ? t->id : uuid(), m.partition};
  if (!t || !where_.local().catalog().find(key)) co_return error_code::unknown_topic_or_partition;
  if (m.topic == offsets_topic) co_return co_await end_in_group(groups_.local(), std::move(m));
  const auto done = co_await write_marker(
      where_.local(), key,
      {.marker = marker_of(m), .version = m.transaction_version, .patience = commit_patience});
  co_return done ? error_code::none : code_of(done.error());
}

seastar::future<fragments> marker_writer::serve(fragments payload) {
  co_return calls::encode(
      co_await answer(calls::decode<kafka::write_txn_markers_request>(payload)));
}

seastar::future<kafka::write_txn_markers_response> marker_writer::answer(
    kafka::write_txn_markers_request asked) {
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
  co_return out;
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
