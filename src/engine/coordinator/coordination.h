#pragma once
// All coordinators of this broker: groups, transactions, share groups' progress, and what writes
// markers. On shard 0, in construction order.
#include "engine/coordinator/group_lag.h"
#include "engine/coordinator/groups.h"
#include "engine/coordinator/share_persister.h"
#include "engine/coordinator/transaction_verifier.h"
#include "engine/coordinator/transactions.h"

namespace weir {

class coordination {
 public:
  // Once the cluster is open.
  seastar::future<> start(seastar::sharded<cluster>& where,
                          seastar::sharded<peer::peer_links>& links);
  // Whoever waits is answered; from here on nobody is served.
  seastar::future<> halt();
  // After whoever uses it.
  seastar::future<> stop();

  [[nodiscard]] seastar::sharded<groups_of_shard>& groups() { return groups_; }
  [[nodiscard]] seastar::sharded<transactions_of_shard>& transactions() { return transactions_; }
  [[nodiscard]] seastar::sharded<share_states_of_shard>& share_states() { return share_states_; }
  [[nodiscard]] seastar::sharded<share_persister>& persisters() { return persisters_; }
  [[nodiscard]] seastar::sharded<group_lag>& lag() { return lag_; }
  [[nodiscard]] seastar::sharded<marker_writer>& markers() { return markers_; }
  [[nodiscard]] seastar::sharded<transaction_verifier>& verifiers() { return verifiers_; }

 private:
  seastar::sharded<share_states_of_shard> share_states_;
  seastar::sharded<share_persister> persisters_;
  seastar::sharded<groups_of_shard> groups_;
  seastar::sharded<marker_writer> markers_;
  seastar::sharded<transactions_of_shard> transactions_;
  seastar::sharded<transaction_verifier> verifiers_;
  seastar::sharded<group_lag> lag_;
  bool made_ = false;
};

}  // namespace weir
