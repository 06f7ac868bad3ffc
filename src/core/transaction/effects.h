#pragma once
// What a step of the transaction coordinator gives its shell: records, answers, and markers that
// are to be written into the logs of other partitions. The rules of group/emitted.h hold, and:
// - `markers` leave as `answers` do: once everything placed so far is committed. A marker that went
//   out before its decision is stored would be the decision.
// - What became of each marker in each partition is told by marker_written and marker_failed.
//   A partition has to take one more than once: leaders send all of them again.
// - Of version 2, a marker of which nothing is said is sent again after settings.marker_silence_ms:
//   its epoch is that of no later transaction, so copies do no harm.
// - Of version 1, a copy that comes late would end the next transaction. So one that failed must be
// one
//   that will not be written any more (the connection that carried it is closed and its leader does
//   not propose it), and while nothing is said, it is not sent again.
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/group/emitted.h"
#include "core/transaction/request.h"
#include "core/transaction/transaction.h"

namespace weir::transaction {

// One marker, the same for each of these partitions: WriteTxnMarkers has its fields.
struct markers_to_send {
  std::string transactional_id;
  // Which end of which transaction this is about, of all that this object has known: a report about
  // another one is an old one, even where producer and epoch are the same (version 1).
  std::uint64_t ending = 0;
  producer_id producer = no_producer_id;
  producer_epoch epoch = no_producer_epoch;
  bool commit = false;
  std::int32_t coordinator_epoch = 0;    // a partition takes no marker with a lower one
  std::int16_t transaction_version = 0;  // 2: `epoch` is above that of the transaction's records
  std::vector<topic_partition> partitions;
  bool operator==(const markers_to_send&) const = default;
};

struct marker_report {
  std::string transactional_id;
  std::uint64_t ending = 0;
  topic_partition partition;
};

enum class marker_failure : std::uint8_t {
  unreachable,  // no leader, no answer, not enough replicas, a newer coordinator: again later
  superseded,   // INVALID_PRODUCER_EPOCH: the producer has a later epoch there, so this transaction
                // is not open any more
  gone,         // the partition was deleted, and is not one that the shell has not heard of yet
};

struct effects : group::emitted<answer> {
  std::vector<markers_to_send> markers;
  bool took_fresh_producer = false;
  std::size_t batch_size = 0;  // the coordinator's own: bytes in the last batch
};

}  // namespace weir::transaction
