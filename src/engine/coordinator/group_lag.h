#pragma once
// How far groups are behind the ends of their partitions, as metrics: looked at now and then, by
// the coordinators of this shard, which ask the partitions' leaders.
#include <seastar/core/metrics_registration.hh>

#include <map>
#include <string>

#include "engine/coordinator/groups.h"

namespace weir {

class group_lag {
 public:
  group_lag(seastar::sharded<cluster>& where, seastar::sharded<peer::peer_links>& links,
            seastar::sharded<groups_of_shard>& groups);

  // Serves other brokers, and begins to look, on this shard.
  void start();
  seastar::future<> stop();

  using known_ends = absl::flat_hash_map<partition_key, std::int64_t>;
  // High watermarks, as the partitions' leaders tell; those that can't be asked are left out.
  seastar::future<known_ends> ends_of(std::vector<partition_key> partitions);

 private:
  struct place {
    std::string topic;
    std::int32_t partition = 0;
    auto operator<=>(const place&) const = default;
  };
  struct seen {
    std::int64_t committed = 0;
    std::int64_t lag = 0;
  };
  // A group's gauges read what is seen of it; made anew when it commits elsewhere.
  struct group_gauges {
    std::map<place, seen> of;
    std::int64_t sum = 0;
    seastar::metrics::metric_groups registered;
  };
  using by_group = std::map<std::string, std::map<place, seen>>;
  using asked_ends = std::map<node_id, std::vector<partition_key>>;

  seastar::future<> look_often();
  seastar::future<> look();
  [[nodiscard]] seastar::future<by_group> committed();
  seastar::future<known_ends> ends_of(const by_group& groups);
  seastar::future<> ask(node_id leader, std::vector<partition_key> keys, known_ends& out);
  seastar::future<std::vector<std::int64_t>> ends_here(std::vector<partition_key> keys);
  seastar::future<fragments> serve(fragments payload);
  void show(by_group groups);
  void make_gauges(const std::string& name, group_gauges& g);

  seastar::sharded<cluster>& where_;
  seastar::sharded<peer::peer_links>& links_;
  seastar::sharded<groups_of_shard>& groups_;
  std::map<std::string, std::unique_ptr<group_gauges>> shown_;
  std::size_t left_out_ = 0;
  seastar::metrics::metric_groups own_;
  fibers fibers_{"lag of groups"};
};

}  // namespace weir
