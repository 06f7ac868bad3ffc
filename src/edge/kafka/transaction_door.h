#pragma once
// What produce asks of whoever knows the transactions' coordinators (KIP-890): whether a partition
// belongs to a producer's ongoing transaction. Bound by app; one on each shard.
#include <seastar/core/future.hh>

#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/base/partition_key.h"
#include "core/codec/error_code.h"

namespace weir::edge {

struct transaction_question {
  std::string transactional_id;
  weir::producer_id producer = no_producer_id;
  weir::producer_epoch epoch = no_producer_epoch;
  std::vector<partition_key> partitions;
  // Of transactions of version 2: what is not in the transaction is put into it. A coordinator that
  // still ends the one before is asked again for a while, as Kafka does; CONCURRENT_TRANSACTIONS
  // then goes to the client.
  bool add = false;
};

class transaction_door {
 public:
  virtual ~transaction_door() = default;
  // Of each partition, in order: none where its batch may begin the transaction there; else what
  // AddPartitionsToTxn answers, COORDINATOR_NOT_AVAILABLE where nobody can be asked.
  virtual seastar::future<std::vector<kafka::error_code>> verify(transaction_question question) = 0;
};

}  // namespace weir::edge
