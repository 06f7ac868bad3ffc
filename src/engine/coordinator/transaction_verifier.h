#pragma once
// Asks the coordinator of a transactional id, wherever it is, whether partitions belong to the id's
// transaction (KIP-890); serves the same question of other brokers. One a shard.
#include "core/codec/add_partitions_to_txn.h"
#include "engine/coordinator/transactions.h"

namespace weir {

struct asked_transaction {
  std::string transactional_id;
  producer_id producer = no_producer_id;
  producer_epoch epoch = no_producer_epoch;
  std::vector<partition_key> partitions;
  bool add = false;  // what is not in the transaction is put into it
};

class transaction_verifier {
 public:
  transaction_verifier(seastar::sharded<cluster>& where, seastar::sharded<peer::peer_links>& links,
                       seastar::sharded<transactions_of_shard>& coordinators);

  // Serves other brokers, on this shard.
  void start();
  seastar::future<> stop() { return fibers_.stop(); }

  // What AddPartitionsToTxn says of each, in order. One that adds is asked again for a while if the
  // transaction before is still ending.
  seastar::future<std::vector<kafka::error_code>> ask(asked_transaction question);

 private:
  using asked = kafka::add_partitions_to_txn_request;
  using told = kafka::add_partitions_to_txn_response;

  [[nodiscard]] asked request_of(const asked_transaction& question) const;
  seastar::future<std::expected<told, kafka::error_code>> ask_once(std::string id, asked request);
  seastar::future<std::expected<told, kafka::error_code>> ask_here(asked request);
  seastar::future<fragments> serve(fragments payload);

  seastar::sharded<cluster>& where_;
  seastar::sharded<peer::peer_links>& links_;
  seastar::sharded<transactions_of_shard>& coordinators_;
  fibers fibers_{"verification of transactions"};
};

}  // namespace weir
