#include "engine/cluster/news.h"

#include <seastar/core/coroutine.hh>

namespace weir {

seastar::future<> news_waits::wait(std::uint64_t id, std::vector<watched> partitions,
                                   seastar::lowres_clock::time_point deadline) {
  if (stopped_) co_return;
  for (const auto& p : partitions) {
    if (p.of->high_watermark() != p.seen) co_return;
  }
  auto& w = *waiting_.emplace(id, std::make_unique<waiter>()).first->second;
  auto done = w.done.get_future();
  w.wake = [&w] {
    if (std::exchange(w.woken, true)) return;
    w.done.set_value();
  };
  w.listeners.reserve(partitions.size());
  std::vector<seastar::gate::holder> used;
  used.reserve(partitions.size());
  for (const auto& p : partitions) {
    used.push_back(p.of->use());
    p.of->news().add(*w.listeners.emplace_back(std::make_unique<event_listener>(&w.wake)));
  }
  w.timer.set_callback([&w] { w.wake(); });
  w.timer.arm(deadline);
  co_await std::move(done);
  waiting_.erase(id);
}

void news_waits::cancel(std::uint64_t id) {
  const auto at = waiting_.find(id);
  if (at != waiting_.end()) at->second->wake();
}

void news_waits::cancel_all() {
  stopped_ = true;
  for (auto& [id, w] : waiting_) w->wake();
}

}  // namespace weir
