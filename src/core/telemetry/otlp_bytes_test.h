#pragma once
// OTLP as a client writes it.
#include <bit>
#include <cstdint>
#include <string>

#include "core/base/varint.h"

namespace weir::telemetry::testing {

inline std::string number(std::uint64_t value) {
  char out[varint_size_max];
  return {out, put_uvarint(out, value)};
}
inline std::string field(std::uint32_t n, std::string_view inside) {
  return number(n << 3 | 2) + number(inside.size()) + std::string(inside);
}
inline std::string field(std::uint32_t n, std::uint64_t value) {
  return number(n << 3) + number(value);
}
inline std::string fixed(std::uint32_t n, std::uint64_t value) {
  std::string out = number(n << 3 | 1);
  for (int i = 0; i < 8; ++i) out += static_cast<char>(value >> (8 * i));
  return out;
}
inline std::string point(double value) {
  return field(1, field(7, field(1, "client-id") + field(2, field(1, "me"))) + fixed(3, 1) +
                      fixed(4, std::bit_cast<std::uint64_t>(value)));
}
inline std::string point(std::int64_t value) {
  return field(1, fixed(3, 1) + fixed(6, std::bit_cast<std::uint64_t>(value)));
}
inline std::string gauge(std::string_view name, std::string_view points) {
  return field(2, field(1, name) + field(2, "what it is") + field(5, points));
}
// As written by OpenTelemetry's own library: points before what they mean.
inline std::string sum(std::string_view name, std::string_view points, std::uint64_t temporality,
                       bool rises) {
  return field(
      2, field(1, name) + field(7, std::string(points) + field(2, temporality) + field(3, rises)));
}
inline std::string otlp(std::string_view metrics) {
  return field(1,
               field(1, field(1, "resource")) + field(2, field(1, "scope") + std::string(metrics)));
}

}  // namespace weir::telemetry::testing
