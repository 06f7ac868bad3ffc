#pragma once
// A number that only grows (durable index, commit index) and those who wait for it. One shard.
#include <seastar/core/future.hh>

#include <deque>
#include <exception>

namespace weir {

template <typename T>
class progress {
 public:
  explicit progress(T reached = T{}) : reached_(reached) {}
  [[nodiscard]] T reached() const { return reached_; }

  // Resolves when `target` is reached; fails with what fail() was given. Waiters come in ascending
  // order mostly, which keeps insertion cheap.
  seastar::future<> wait_for(T target) {
    if (target <= reached_) return seastar::make_ready_future<>();
    if (failure_) return seastar::make_exception_future<>(failure_);
    auto at = waiters_.end();
    while (at != waiters_.begin() && std::prev(at)->target > target) --at;
    return waiters_.emplace(at, waiter{target, {}})->done.get_future();
  }
  void advance(T to) {
    if (to <= reached_) return;
    reached_ = to;
    while (!waiters_.empty() && waiters_.front().target <= reached_) {
      auto done = std::move(waiters_.front().done);
      waiters_.pop_front();
      done.set_value();
    }
  }
  // The number won't grow any more: all who wait, and all who come, are told why.
  void fail(const std::exception_ptr& why) {
    failure_ = why;
    auto waiters = std::exchange(waiters_, {});
    for (auto& w : waiters) w.done.set_exception(why);
  }
  // Those who wait for more than `bound` are told why they won't see it; others may wait for it
  // again.
  void refuse_above(T bound, const std::exception_ptr& why) {
    std::deque<waiter> refused;
    while (!waiters_.empty() && waiters_.back().target > bound) {
      refused.push_front(std::move(waiters_.back()));
      waiters_.pop_back();
    }
    for (auto& w : refused) w.done.set_exception(why);
  }
  // A shrinking log takes back what was not promised to anybody.
  void retreat(T to) { reached_ = std::min(reached_, to); }

 private:
  struct waiter {
    T target;
    seastar::promise<> done;
  };
  T reached_;
  std::deque<waiter> waiters_;
  std::exception_ptr failure_;
};

}  // namespace weir
