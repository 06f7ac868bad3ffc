#include "engine/coordinator/topic_partitions.h"

#include <seastar/core/coroutine.hh>

namespace weir {

topic_partitions::topic_partitions(cluster& where, std::string topic)
    : where_(where),
      topic_(std::move(topic)),
      on_opened_([this] { changed_.signal(); }),
      opened_(&on_opened_),
      fibers_("coordinators of " + topic_) {}

void topic_partitions::begin() {
  where_.opened().add(opened_);
  fibers_.spawn("partitions", [this] { return watch(); });
}

seastar::future<> topic_partitions::end() {
  auto stopped = fibers_.stop();
  interrupt();
  changed_.broadcast();
  co_await std::move(stopped);
}

seastar::future<> topic_partitions::watch() {
  while (!fibers_.stopping()) {
    look();
    co_await changed_.wait();
  }
}

void topic_partitions::look() {
  const auto* t = found();
  if (!t) return;
  for (std::size_t p = 0; p < t->partitions.size(); ++p) {
    const partition_key key{t->id, static_cast<std::int32_t>(p)};
    auto* r = where_.find(key);
    const auto at = kept_.find(key);
    if (!r || (at != kept_.end() && at->second == r)) continue;
    // The one before is still on its way out, where there is one: it looks again then.
    if (at != kept_.end()) continue;
    kept_.emplace(key, r);
    fibers_.spawn("coordinator", [this, key, r] { return keep_one(key, r); });
  }
}

seastar::future<> topic_partitions::keep_one(partition_key key, replica* r) {
  std::exception_ptr failed;
  try {
    co_await keep(key, *r);
  } catch (...) {
    failed = std::current_exception();
  }
  kept_.erase(key);
  changed_.signal();
  if (failed) std::rethrow_exception(failed);
}

}  // namespace weir
