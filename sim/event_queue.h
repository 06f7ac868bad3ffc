#pragma once
// Everything that is going to happen, by virtual time in microseconds; what is due at the same time
// happens in the order in which it was asked for.
#include <algorithm>
#include <compare>
#include <cstdint>
#include <functional>
#include <vector>

namespace weir::sim {

using moment = std::int64_t;

inline constexpr moment ms = 1000;
inline constexpr moment second = 1000 * ms;

class event_queue {
 public:
  [[nodiscard]] moment now() const { return now_; }
  [[nodiscard]] std::uint64_t count() const { return done_; }

  void after(moment delay, std::move_only_function<void()> run) {
    const auto slot = free_.empty() ? actions_.size() : free_.back();
    if (free_.empty()) {
      actions_.push_back(std::move(run));
    } else {
      free_.pop_back();
      actions_[slot] = std::move(run);
    }
    events_.push_back({now_ + std::max<moment>(delay, 0), asked_++, slot});
    std::ranges::push_heap(events_, std::greater<>());
  }
  // Runs what is due until then.
  void run_until(moment until) {
    while (!events_.empty() && events_.front().at <= until) {
      std::ranges::pop_heap(events_, std::greater<>());
      const auto next = events_.back();
      events_.pop_back();
      now_ = next.at;
      ++done_;
      auto run = std::move(actions_[next.slot]);
      free_.push_back(next.slot);
      run();
    }
    now_ = std::max(now_, until);
  }

 private:
  struct event {
    moment at;
    std::uint64_t order;  // no two have the same
    std::size_t slot;     // of its action; the heap moves events, not what they do
    auto operator<=>(const event&) const = default;
  };

  std::vector<event> events_;  // a heap, the next one first
  std::vector<std::move_only_function<void()>> actions_;
  std::vector<std::size_t> free_;
  std::uint64_t asked_ = 0;
  std::uint64_t done_ = 0;
  moment now_ = 0;
};

}  // namespace weir::sim
