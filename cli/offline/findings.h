#pragma once
// What a check found, in plain words, and what it went through. Bounded: of one unit (a partition,
// the journals…) at most `kept_max` findings are kept, the others only counted.
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir::offline {

enum class level : std::uint8_t {
  note,       // worth a line, nothing is wrong: a torn tail that nobody was promised
  redundant,  // a file that spares work is wrong: the next start makes it again from the segments
  damage,     // what was acknowledged is missing or not what was written
  unchecked,  // could not be read, so nothing is known
};
inline constexpr std::size_t levels = 4;

struct finding {
  level how = level::note;
  std::string file;  // as the caller names it
  std::optional<std::uint64_t> position;
  std::optional<std::int64_t> offset;
  std::string what;   // what is wrong
  std::string means;  // what follows from it, what to do
};

struct tally {
  std::uint64_t topics = 0, partitions = 0, segments = 0, frames = 0, batches = 0, records = 0;
  std::uint64_t bytes = 0, files = 0;
  void add(const tally& other);
};

class findings {
 public:
  static constexpr std::size_t kept_max = 200;

  void add(finding f);
  void add(const findings& other);
  [[nodiscard]] const std::vector<finding>& kept() const { return kept_; }
  [[nodiscard]] std::uint64_t count(level l) const { return counts_[static_cast<std::size_t>(l)]; }
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

  tally seen;

 private:
  std::vector<finding> kept_;
  std::array<std::uint64_t, levels> counts_{};
  std::uint64_t dropped_ = 0;
};

}  // namespace weir::offline
