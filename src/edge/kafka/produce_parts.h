#pragma once
// A produce request's partitions on their way through it.
#include <string>
#include <vector>

#include "core/codec/produce.h"
#include "edge/kafka/services.h"

namespace weir::edge {

// One partition's part of the request.
struct produce_part {
  partition_key key;
  unsigned shard = 0;
  record::validated_batch batch;
  bool append_time = false;
  kafka::produce_response::partition_response* out = nullptr;
  std::optional<verification> verified = {};  // where its batch begins a transaction
  std::expected<placed_batch, replica_error> placed = std::unexpected(replica_error::not_leader);

  [[nodiscard]] bool refused() const { return out->error != kafka::error_code::none; }
};

void refuse(kafka::produce_response::partition_response& out, kafka::error_code code,
            std::string message = {});

// An error for the whole request: a transaction without its id, or of more than one producer.
kafka::error_code check_transactional(const kafka::produce_request& in);
// Asks the coordinator of the request's transaction about all parts that would begin it in their
// partition, and refuses those that may not (KIP-890).
seastar::future<> verify_transactions(services& with, std::int16_t version,
                                      std::string transactional_id,
                                      std::vector<produce_part>& parts);

}  // namespace weir::edge
