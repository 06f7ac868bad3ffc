#pragma once
// What fuzzers of a kind of group's records have in common.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "core/base/check.h"
#include "core/codec/counting_new.h"
#include "core/codec/reader.h"
#include "core/group/emitted.h"

namespace weir::group {

// The first byte says how long the key is; the rest, if any, is the value. `decode` gives an
// optional record with its group's id. What it takes is bounded by the input; what it makes is the
// same when it is written and read again: both are given. Nothing: it does not decode.
template <typename Decode>
auto read_twice(const std::uint8_t* data, std::size_t size, Decode decode) {
  using record =
      typename std::invoke_result_t<Decode, fragments, std::optional<fragments>>::value_type;
  std::optional<std::pair<record, record>> out;
  if (size < 1) return out;
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const auto key_size = std::min<std::size_t>(data[0], size - 1);
  const auto key = fragments::copy(all.substr(1, key_size));
  const auto rest = all.substr(1 + key_size);
  std::optional<fragments> value;
  if (!rest.empty()) value = fragments::copy(rest);

  const auto before = bytes_asked_for;
  auto first = decode(key, value);
  // A name of one byte, a partition of four become entries of sets and maps.
  constexpr std::size_t factor = 200;
  const auto taken = bytes_asked_for - before;
  weir_check(taken <= 2 * kafka::reader::memory_floor + factor * size, "{} bytes took {}", size,
             taken);
  if (!first) return out;
  const auto again = to_bytes(first->group_id, first->record);
  auto second = decode(again.key, again.value);
  weir_check(second.has_value(), "an own record is refused");
  const auto third = to_bytes(second->group_id, second->record);
  weir_check(third.key == again.key && third.value == again.value, "changes when repeated");
  out.emplace(*std::move(first), *std::move(second));
  return out;
}

}  // namespace weir::group
