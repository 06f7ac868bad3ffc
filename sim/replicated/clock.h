#pragma once
// What a broker makes of time.
#include "core/group/emitted.h"
#include "sim/event_queue.h"
#include "sim/random.h"

namespace weir::sim::replicated {

struct clock {
  std::int64_t begins_ms = 0;
  std::int64_t percent = 100;
  std::int64_t wall_skew_ms = 0;

  static clock draw(random& chance, std::int64_t percent_max, moment skew_max) {
    clock out;
    out.begins_ms = chance.between(0, 1'000'000);
    out.percent = 100 + chance.between(-percent_max, percent_max);
    out.wall_skew_ms = chance.between(-skew_max, skew_max) / ms;
    return out;
  }
  [[nodiscard]] group::moment at(moment now) const {
    return {.steady_ms = begins_ms + now * percent / 100 / ms,
            .wall = timestamp(1'700'000'000'000 + now / ms + wall_skew_ms)};
  }
  // How long until its steady time is `due`; at least one.
  [[nodiscard]] moment until(std::int64_t due, moment now) const {
    const auto left = std::max<std::int64_t>(due - at(now).steady_ms, 0);
    return std::max<moment>(left * ms * 100 / percent, 1);
  }
};

}  // namespace weir::sim::replicated
