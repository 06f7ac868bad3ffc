#pragma once
// Takes markers to the leaders of their partitions and says what became of each. Of one shard.
// Never tries again by itself: the coordinator does, as long as it must
// (core/transaction/effects.h).
#include <deque>
#include <functional>
#include <map>

#include "core/transaction/effects.h"
#include "engine/coordinator/marker_writer.h"
#include "engine/runtime/fibers.h"

namespace weir {

class marker_sender {
 public:
  struct told {
    std::int32_t coordinator;  // the partition of __transaction_state
    transaction::marker_report report;
    std::optional<transaction::marker_failure> failed;  // nothing: it is written
  };

  // `tell` is called on this shard, never within send().
  marker_sender(cluster& where, marker_writer& local, std::function<void(const told&)> tell);

  void send(std::int32_t coordinator, transaction::markers_to_send markers);
  seastar::future<> stop();

 private:
  struct order {
    std::int32_t coordinator;
    transaction::marker_report report;
    wanted_marker marker;
  };
  // What goes to one broker: some calls at once, and what came meanwhile goes with the next.
  struct lane {
    std::deque<order> waiting;
    unsigned under_way = 0;
  };

  void route(order o);
  void pump(node_id to);
  seastar::future<> deliver(node_id to, std::vector<order> orders);
  seastar::future<std::vector<kafka::error_code>> write(node_id to,
                                                        std::vector<wanted_marker> markers);
  // Whether the topic is gone for good: this broker may only not have heard of it yet.
  seastar::future<> look_for(order o);
  void answer(const order& o, kafka::error_code code);

  cluster& where_;
  marker_writer& local_;
  std::function<void(const told&)> tell_;
  std::map<node_id, lane> lanes_;
  fibers fibers_{"transaction markers"};
};

}  // namespace weir
