#pragma once
// What the handlers of one shard work with.
#include <seastar/core/semaphore.hh>

#include <cstdint>

#include "edge/kafka/client_telemetry.h"
#include "edge/kafka/fetch_session.h"
#include "edge/kafka/meters.h"
#include "edge/kafka/produce_rules.h"
#include "edge/kafka/transaction_door.h"
#include "engine/cluster/cluster.h"
#include "engine/coordinator/coordination.h"
#include "engine/runtime/fibers.h"
#include "engine/share/share_reading.h"

namespace weir::edge {

struct edge_limits {
  std::size_t request_bytes_max = 100 << 20;
  std::size_t request_overhead = 4096;  // reserved beside each frame
  std::size_t request_memory =
      128 << 20;  // for frames being read or served, per shard; at least the largest request
  std::size_t answer_memory = 64 << 20;  // for fetched records under way to clients, per shard
  std::size_t in_flight_max = 64;        // unanswered requests of one connection
  std::chrono::milliseconds idle_max{600'000};
  std::chrono::milliseconds stalled_max{
      60'000};  // a client that takes none of an answer for this long is closed
  std::uint32_t connections_max = 16384;  // of the whole broker
  std::uint32_t connections_per_ip_max = INT32_MAX;
};

struct services {
  cluster& state;
  groups_of_shard& groups;
  transactions_of_shard& transactional_ids;
  share_states_of_shard& share_states;
  share_persister& persister;
  group_lag& lag;
  share_reading& shares;
  marker_writer& markers;
  edge_limits limits;
  fetch_sessions sessions;
  meters_of_shard meters;
  client_telemetry telemetry;
  topic_rules_cache rules;
  transaction_door* transactions = nullptr;  // none: no coordinator can be asked
  seastar::semaphore request_memory;
  seastar::semaphore answer_memory;
  std::uint64_t next_wait = 1;        // ids of waiting fetches
  std::uint64_t next_connection = 1;  // of this shard
  fibers background{"kafka edge"};

  services(cluster& c, coordination& all, share_reading& reading, edge_limits l)
      : state(c),
        groups(all.groups().local()),
        transactional_ids(all.transactions().local()),
        share_states(all.share_states().local()),
        persister(all.persisters().local()),
        lag(all.lag().local()),
        shares(reading),
        markers(all.markers().local()),
        limits(l),
        sessions(static_cast<std::size_t>(c.options().fetch_sessions_max)),
        request_memory(l.request_memory),
        answer_memory(l.answer_memory) {}
};

}  // namespace weir::edge
