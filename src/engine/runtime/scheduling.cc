#include "engine/runtime/scheduling.h"

#include <seastar/core/coroutine.hh>

namespace weir {
namespace {

// Written on shard 0 before other shards have work that reads it; a group's id is the same on all.
scheduling_groups all;

}  // namespace

const scheduling_groups& groups() {
  return all;
}

seastar::future<> start_scheduling_groups() {
  all.produce = co_await seastar::create_scheduling_group("produce", produce_shares);
  all.fetch = co_await seastar::create_scheduling_group("fetch", fetch_shares);
  all.background = co_await seastar::create_scheduling_group("background", background_shares);
}

}  // namespace weir
