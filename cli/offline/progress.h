#pragma once
// How far a check is: counted by the threads that work, shown by the one that waits.
#include <atomic>
#include <cstdint>

namespace weir::offline {

struct progress {
  std::atomic<std::uint64_t> bytes_done{0};
  std::atomic<std::uint64_t> bytes_all{0};
  std::atomic<bool> stop{false};  // asked to end early
};

struct stopped_early {};  // thrown where `stop` is seen

inline void advance(progress& p, std::uint64_t bytes) {
  p.bytes_done.fetch_add(bytes, std::memory_order_relaxed);
  if (p.stop.load(std::memory_order_relaxed)) throw stopped_early();
}

}  // namespace weir::offline
