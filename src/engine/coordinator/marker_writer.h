#pragma once
// Writes the markers that end transactions into the partitions that this broker leads: for its own
// transaction coordinators, for those of other brokers, and for WriteTxnMarkers.
#include <seastar/core/sharded.hh>

#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/codec/error_code.h"
#include "core/codec/write_txn_markers.h"
#include "engine/coordinator/groups.h"

namespace weir {

struct wanted_marker {
  std::string topic;
  std::int32_t partition = 0;
  producer_id producer = no_producer_id;
  producer_epoch epoch = no_producer_epoch;
  bool commit = false;
  std::int32_t coordinator_epoch = 0;
  std::int16_t transaction_version = 0;
};

class marker_writer {
 public:
  marker_writer(seastar::sharded<cluster>& where, seastar::sharded<peer::peer_links>& links,
                seastar::sharded<groups_of_shard>& groups);

  // Serves other brokers, on this shard.
  void start();
  seastar::future<> stop() { return seastar::make_ready_future<>(); }

  // One code for each, in order. Resolves once all are committed or can't be.
  seastar::future<std::vector<kafka::error_code>> write(std::vector<wanted_marker> markers);
  // All that a request names.
  seastar::future<kafka::write_txn_markers_response> answer(kafka::write_txn_markers_request asked);
  // The same on another broker. None: it can't be asked.
  seastar::future<std::vector<kafka::error_code>> write_at(node_id to,
                                                           std::vector<wanted_marker> markers);

 private:
  seastar::future<kafka::error_code> write_one(wanted_marker m);
  seastar::future<fragments> serve(fragments payload);

  seastar::sharded<cluster>& where_;
  seastar::sharded<peer::peer_links>& links_;
  seastar::sharded<groups_of_shard>& groups_;
};

}  // namespace weir
