#pragma once
// Whether a history of one register is linearizable: whether each operation can be thought to have
// happened at one moment between its call and its answer, so that every read gives the value
// written last. Every write has a value of its own, which makes that decidable by sorting (Gibbons
// and Korach, Testing Shared Memories, 1997, section 4): the operations of one value form a zone,
// and the history is linearizable if no two zones that reach forward overlap, none that reaches
// backward lies inside one that reaches forward, and no value is read before it was written.
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace weir::sim {

inline constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

struct operation {
  bool is_write = false;
  std::uint64_t value = 0;  // 0: what was there before any write
  std::int64_t called = 0;
  std::int64_t answered = never;  // never: a write of which nobody knows whether it happened
};

// Nothing, or what is wrong. Reads without an answer are left out by the caller.
std::optional<std::string> why_not_linearizable(const std::vector<operation>& history);

}  // namespace weir::sim
