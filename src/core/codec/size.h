#pragma once
// How many bytes a field takes on the wire; used by the generated encoded_size().
#include <cstdint>
#include <optional>

#include "core/base/fragments.h"
#include "core/base/text.h"
#include "core/base/varint.h"
#include "core/codec/unknown_tags.h"

namespace weir::kafka {

constexpr std::size_t string_size(std::size_t length, bool flex) {
  return (flex ? uvarint_size(length + 1) : 2) + length;
}
inline std::size_t size_of(const text& v, bool flex) {
  return string_size(v.size(), flex);
}
inline std::size_t size_of(const std::optional<text>& v, bool flex) {
  return v ? string_size(v->size(), flex) : flex ? 1 : 2;
}
// The count before an array or the length before bytes.
constexpr std::size_t count_size(std::size_t count, bool flex) {
  return flex ? uvarint_size(count + 1) : 4;
}
constexpr std::size_t null_count_size(bool flex) {
  return flex ? 1 : 4;
}
inline std::size_t size_of(const bytes& v, bool flex) {
  return count_size(v.size(), flex) + v.size();
}
inline std::size_t size_of(const std::optional<bytes>& v, bool flex) {
  return v ? size_of(*v, flex) : null_count_size(flex);
}
inline std::size_t size_of(const std::optional<fragments>& v, bool flex) {
  return v ? count_size(v->size(), flex) + v->size() : null_count_size(flex);
}
// A tagged field of `size` bytes with its tag and size.
constexpr std::size_t tag_size(std::uint32_t tag, std::size_t size) {
  return uvarint_size(tag) + uvarint_size(size) + size;
}
// The count of tagged fields and those not known; `known` others are there as well.
inline std::size_t tags_size(const unknown_tags& unknown, std::size_t known) {
  std::size_t size = uvarint_size(unknown.size() + known);
  for (std::size_t i = 0; i < unknown.size(); ++i) {
    size += tag_size(unknown[i].tag, unknown[i].value.size());
  }
  return size;
}

}  // namespace weir::kafka
