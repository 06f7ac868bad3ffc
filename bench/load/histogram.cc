#include "bench/load/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <nlohmann/json.hpp>

namespace weir::load {
namespace {

// 128 buckets for each doubling; below 256 every value has its own.
constexpr unsigned bits = 7;
constexpr std::uint64_t linear = 2ull << bits;

std::size_t place_of(std::uint64_t value) {
  if (value < linear) return value;
  const auto shift = static_cast<unsigned>(std::bit_width(value)) - bits - 1;
  return (static_cast<std::size_t>(shift) << bits) + (value >> shift);
}

// The middle of the bucket: no value in it is further off than half its width.
std::uint64_t middle_of(std::size_t place) {
  if (place < linear) return place;
  const auto shift = static_cast<unsigned>(place >> bits) - 1;
  const auto low = ((place & ((1u << bits) - 1)) | (1u << bits)) << shift;
  return low + (1ull << shift) / 2;
}

}  // namespace

histogram::histogram() : buckets_(place_of(largest) + 1) {}

void histogram::add(std::uint64_t nanoseconds) {
  ++buckets_[place_of(std::min(nanoseconds, largest))];
  ++count_;
  max_ = std::max(max_, nanoseconds);
}

void histogram::add_since(clock::time_point from) {
  const auto passed = std::chrono::duration_cast<std::chrono::nanoseconds>(clock::now() - from);
  add(static_cast<std::uint64_t>(std::max<std::int64_t>(passed.count(), 0)));
}

void histogram::merge(const histogram& other) {
  for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
}

std::uint64_t histogram::at(double quantile) const {
  const auto wanted = std::max<std::uint64_t>(
      1, static_cast<std::uint64_t>(std::ceil(quantile * static_cast<double>(count_))));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen >= wanted) return std::min(middle_of(i), max_);
  }
  return 0;
}

nlohmann::json in_milliseconds(const histogram& h) {
  const auto ms = [](std::uint64_t ns) { return static_cast<double>(ns) / 1e6; };
  return {{"p50", ms(h.at(0.5))}, {"p99", ms(h.at(0.99))}, {"max", ms(h.max())}};
}

}  // namespace weir::load
