#include "engine/share/share_waits.h"

#include <seastar/core/coroutine.hh>

#include <algorithm>

namespace weir {

seastar::future<> share_waits::wait(std::uint64_t id, std::vector<watched> partitions,
                                    seastar::lowres_clock::time_point deadline) {
  if (stopped_) co_return;
  if (std::ranges::any_of(partitions, [](const auto& p) { return p.of->version() != p.seen; }))
    co_return;
  auto& w = *waiting_.emplace(id, std::make_unique<waiter>()).first->second;
  auto done = w.done.get_future();
  w.wake = [&w] {
    if (std::exchange(w.woken, true)) return;
    w.done.set_value();
  };
  w.listeners.reserve(partitions.size());
  for (const auto& p : partitions)
    p.of->news().add(*w.listeners.emplace_back(std::make_unique<event_listener>(&w.wake)));
  w.timer.set_callback([&w] { w.wake(); });
  w.timer.arm(deadline);
  co_await std::move(done);
  waiting_.erase(id);
}

void share_waits::cancel(std::uint64_t id) {
  const auto at = waiting_.find(id);
  if (at != waiting_.end()) at->second->wake();
}

void share_waits::cancel_all() {
  stopped_ = true;
  for (auto& [id, w] : waiting_) w->wake();
}

}  // namespace weir
