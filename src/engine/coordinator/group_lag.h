#pragma once
// How far groups are behind the ends of their partitions, as metrics: looked at now and then, by
// the coordinators of this shard, which ask the partitions' leaders; about share groups the share
// coordinators first.
#include <seastar/core/metrics_registration.hh>

#include <map>
#include <string>

#include "engine/coordinator/groups.h"
#include "engine/coordinator/lag_gauges.h"
#include "engine/coordinator/share_persister.h"

namespace weir {

class group_lag {
 public:
  group_lag(seastar::sharded<cluster>& where, seastar::sharded<peer::peer_links>& links,
            seastar::sharded<groups_of_shard>& groups,
            seastar::sharded<share_persister>& persisters);

  // Serves other brokers, and begins to look, on this shard.
  void start();
  seastar::future<> stop();

  using known_ends = absl::flat_hash_map<partition_key, std::int64_t>;
  // High watermarks, as the partitions' leaders tell; those that can't be asked are left out.
  seastar::future<known_ends> ends_of(std::vector<partition_key> partitions);

 private:
  struct shared_topic {
    std::string name;
    std::vector<std::int32_t> partitions;
  };
  using shared_by_group = std::map<std::string, std::map<uuid, shared_topic>>;
  using asked_ends = std::map<node_id, std::vector<partition_key>>;

  // Of one shard. What is beyond is counted, not shown: a scrape must stay possible.
  static constexpr std::size_t partitions_shown_max = 10'000;

  seastar::future<> look_often(seastar::future<> (group_lag::*look)());
  seastar::future<> look();
  [[nodiscard]] seastar::future<lag_gauges::by_group> committed();
  // group_lag_shares.cc
  seastar::future<> look_at_shares();
  [[nodiscard]] seastar::future<shared_by_group> shared();
  // The coordinators of this shard, and one of them while it serves.
  [[nodiscard]] std::vector<partition_key> here() const;
  [[nodiscard]] const group::coordinator* deciding(const partition_key& key) const;
  // Fills the lags in; takes out what is not known now.
  seastar::future<> count_lag(lag_gauges::by_group& groups);
  seastar::future<known_ends> ends_of(const lag_gauges::by_group& groups);
  seastar::future<> ask(node_id leader, std::vector<partition_key> keys, known_ends& out);
  seastar::future<std::vector<std::int64_t>> ends_here(std::vector<partition_key> keys);
  seastar::future<fragments> serve(fragments payload);

  seastar::sharded<cluster>& where_;
  seastar::sharded<peer::peer_links>& links_;
  seastar::sharded<groups_of_shard>& groups_;
  seastar::sharded<share_persister>& persisters_;
  lag_gauges consumers_{"committed_offset", "Where a group would go on reading"};
  lag_gauges shares_{"start_offset", "The first record that a share group is not done with"};
  std::size_t left_out_ = 0;
  std::size_t shared_left_out_ = 0;
  seastar::metrics::metric_groups own_;
  fibers fibers_{"lag of groups"};
};

}  // namespace weir
