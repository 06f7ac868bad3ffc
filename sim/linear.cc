#include "sim/linear.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace weir::sim {
namespace {

struct zone {
  std::uint64_t value = 0;
  std::optional<operation> write;
  bool is_read = false;
  std::int64_t first_answer = never;
  std::int64_t last_call = std::numeric_limits<std::int64_t>::min();

  [[nodiscard]] bool reaches_forward() const { return first_answer < last_call; }
};

struct span {
  std::int64_t from;
  std::int64_t to;
  std::uint64_t value;
};

std::optional<std::string> clash(std::vector<span> forward, const std::vector<span>& backward) {
  std::ranges::sort(forward, {}, &span::from);
  for (std::size_t i = 1; i < forward.size(); ++i) {
    if (forward[i].from < forward[i - 1].to) {
      return fmt::format("values {} and {} are each read after the other was written",
                         forward[i - 1].value, forward[i].value);
    }
  }
  for (const auto& b : backward) {
    // The last forward zone that begins before it: no two overlap, so only that one can hold it.
    auto after = std::ranges::lower_bound(forward, b.from, {}, &span::from);
    if (after == forward.begin()) continue;
    const auto& f = *std::prev(after);
    if (b.to < f.to) {
      return fmt::format("value {} was there while value {} was written before and read after",
                         b.value, f.value);
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> why_not_linearizable(const std::vector<operation>& history) {
  std::map<std::uint64_t, zone> zones;
  // What was there at first was written before everything.
  const auto before_all = std::numeric_limits<std::int64_t>::min();
  zones[0] = {.write = operation{.is_write = true, .called = before_all, .answered = before_all},
              .first_answer = before_all};
  for (const auto& op : history) {
    auto& z = zones[op.value];
    z.value = op.value;
    z.first_answer = std::min(z.first_answer, op.answered);
    z.last_call = std::max(z.last_call, op.called);
    if (op.is_write) {
      z.write = op;
    } else {
      z.is_read = true;
    }
  }
  for (const auto& op : history) {
    if (op.is_write) continue;
    const auto& z = zones[op.value];
    if (!z.write) return fmt::format("value {} is read and was never written", op.value);
    if (op.answered < z.write->called) {
      return fmt::format("value {} is read before it was written", op.value);
    }
  }
  std::vector<span> forward;
  std::vector<span> backward;
  for (const auto& [value, z] : zones) {
    // A write that nobody saw and nobody knows of may be thought away.
    if (z.write->answered == never && !z.is_read) continue;
    if (z.reaches_forward()) {
      forward.push_back({z.first_answer, z.last_call, value});
    } else {
      backward.push_back({z.last_call, z.first_answer, value});
    }
  }
  return clash(std::move(forward), backward);
}

}  // namespace weir::sim
