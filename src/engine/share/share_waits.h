#pragma once
// Waiting for any of several share partitions of this shard to get news. A wait that spans shards
// has one id everywhere, so that the first shard with news lets the others go.
#include <absl/container/flat_hash_map.h>

#include <functional>
#include <memory>
#include <vector>

#include "engine/share/led_share_partition.h"

namespace weir {

class share_waits {
 public:
  struct watched {
    seastar::lw_shared_ptr<led_share_partition> of;
    std::uint64_t seen = 0;  // another version is news already
  };
  // Resolves at the first news, at the deadline, or when cancelled.
  seastar::future<> wait(std::uint64_t id, std::vector<watched> partitions,
                         seastar::lowres_clock::time_point deadline);
  void cancel(std::uint64_t id);
  void cancel_all();

 private:
  struct waiter {
    std::vector<std::unique_ptr<event_listener>> listeners;
    std::function<void()> wake;
    seastar::timer<seastar::lowres_clock> timer;
    seastar::promise<> done;
    bool woken = false;
  };
  absl::flat_hash_map<std::uint64_t, std::unique_ptr<waiter>> waiting_;
  bool stopped_ = false;
};

}  // namespace weir
