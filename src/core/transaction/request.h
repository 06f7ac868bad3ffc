#pragma once
// What a coordinator is asked, and how it answers: the protocol's own structs. A request about ids
// of several coordinators is split at the edge.
#include <variant>

#include "core/base/ids.h"
#include "core/codec/add_offsets_to_txn.h"
#include "core/codec/add_partitions_to_txn.h"
#include "core/codec/describe_transactions.h"
#include "core/codec/end_txn.h"
#include "core/codec/init_producer_id.h"
#include "core/codec/list_transactions.h"
#include "core/group/emitted.h"

namespace weir::transaction {

using group::moment;
using group::ticket;

struct add_offsets_to_txn {
  kafka::add_offsets_to_txn_request request;
  partition_id offsets_partition;  // of `__consumer_offsets`: where the group's offsets are
};

using request =
    std::variant<kafka::init_producer_id_request, kafka::add_partitions_to_txn_request,
                 add_offsets_to_txn, kafka::end_txn_request, kafka::describe_transactions_request,
                 kafka::list_transactions_request>;

using answer =
    std::variant<kafka::init_producer_id_response, kafka::add_partitions_to_txn_response,
                 kafka::add_offsets_to_txn_response, kafka::end_txn_response,
                 kafka::describe_transactions_response, kafka::list_transactions_response>;

struct request_context {
  std::int16_t api_version = 0;
  group::ticket ticket = 0;
  moment now{};
  // An id that no producer has, where needs_producer_id() said so: effects::took_fresh_producer
  // tells whether it is gone. Without one the client hears COORDINATOR_LOAD_IN_PROGRESS and asks
  // again.
  producer_id fresh_producer = no_producer_id;
};

}  // namespace weir::transaction
