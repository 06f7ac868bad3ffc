#pragma once
// Waiting for any of several partitions of this shard to get news. A wait that spans shards has one
// id everywhere, so that the first shard with news lets the others go.
#include <absl/container/flat_hash_map.h>

#include <seastar/core/lowres_clock.hh>
#include <seastar/core/timer.hh>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "engine/replica/replica.h"

namespace weir {

class news_waits {
 public:
  struct watched {
    replica* of;
    offset seen;  // the high watermark that the waiter knows; another one is news already
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
