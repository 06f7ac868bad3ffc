#pragma once
// Everything that is going to happen, by virtual time in microseconds; what is due at the same time
// happens in the order in which it was asked for.
#include <algorithm>
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
    events_.push_back({now_ + std::max<moment>(delay, 0), asked_++, std::move(run)});
    std::ranges::push_heap(events_, later);
  }
  // Runs what is due until `until`, calling `each` after every event.
  template <typename Each>
  void run_until(moment until, Each each) {
    while (!events_.empty() && events_.front().at <= until) {
      std::ranges::pop_heap(events_, later);
      auto next = std::move(events_.back());
      events_.pop_back();
      now_ = next.at;
      ++done_;
      next.run();
      each();
    }
    now_ = std::max(now_, until);
  }

 private:
  struct event {
    moment at;
    std::uint64_t order;
    std::move_only_function<void()> run;
  };
  static bool later(const event& a, const event& b) {
    return a.at != b.at ? a.at > b.at : a.order > b.order;
  }

  std::vector<event> events_;
  std::uint64_t asked_ = 0;
  std::uint64_t done_ = 0;
  moment now_ = 0;
};

}  // namespace weir::sim
