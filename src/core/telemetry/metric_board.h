#pragma once
// What clients pushed, added up by the name of the metric: few figures a name, a bounded number of
// names, whoever pushes. A name that nobody pushed for a while makes room for a new one.
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "core/telemetry/otlp_reader.h"

namespace weir::telemetry {

class metric_board {
 public:
  using time = std::chrono::milliseconds;  // since any fixed moment

  struct figures {
    std::uint64_t pushes = 0;
    double increased = 0;  // of metrics that only rise: by so much since this broker started
    // Of the others, as pushed in the last one or two windows.
    struct window {
      std::uint64_t points = 0;
      double sum = 0;
      double largest = 0;
    };
    window current, before;
    time began{};  // of `current`

    [[nodiscard]] double mean(time now) const;
    [[nodiscard]] double largest(time now) const;
  };

  explicit metric_board(std::size_t names_max) : names_max_(names_max) {}

  // Null: there are too many names already.
  figures* add(const metric& m, time now);
  // Name and figures of one that was forgotten to make room since the last call; empty: none.
  [[nodiscard]] std::string take_forgotten() { return std::exchange(forgotten_, {}); }
  [[nodiscard]] std::uint64_t left_out() const { return left_out_; }
  [[nodiscard]] std::size_t size() const { return all_.size(); }

  // As long as clients usually wait between two pushes.
  static constexpr time window{300'000};

 private:
  bool make_room(time now);

  std::size_t names_max_;
  std::map<std::string, figures, std::less<>> all_;  // addresses stay
  std::string forgotten_;
  std::uint64_t left_out_ = 0;
};

}  // namespace weir::telemetry
