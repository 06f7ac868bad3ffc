#pragma once
// The one source of chance of a run: the same seed gives the same numbers on every machine.
#include <cstdint>
#include <vector>

namespace weir::sim {

class random {
 public:
  explicit random(std::uint64_t seed) : state_(seed) {}

  // SplitMix64 (Steele, Lea, Flood 2014).
  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15U;
    auto z = state_;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
  }
  std::uint64_t below(std::uint64_t bound) { return bound == 0 ? 0 : next() % bound; }
  std::int64_t between(std::int64_t low, std::int64_t high) {  // both may come
    return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low) + 1));
  }
  bool chance(std::uint32_t per_million) { return below(1'000'000) < per_million; }
  template <typename T>
  const T& pick(const std::vector<T>& from) {
    return from[below(from.size())];
  }

 private:
  std::uint64_t state_;
};

// One number out of two, for hashes of events and chains of entries.
inline std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  random r(a ^ (b * 0xff51afd7ed558ccdU));
  return r.next();
}

}  // namespace weir::sim
