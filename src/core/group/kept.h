#pragma once
// Texts of requests and of stored batches are shares of larger memory: what stays is copied.
#include <optional>

#include "core/base/text.h"

namespace weir::group {

inline text kept(const text& t) {
  return text::copy(t.view());
}
inline std::optional<text> kept(const std::optional<text>& t) {
  if (!t) return std::nullopt;
  return kept(*t);
}

// Null: it has none of that key.
template <typename Map>
auto* find_in(Map& map, const text& key) {
  const auto at = map.find(key);
  return at == map.end() ? nullptr : &at->second;
}

}  // namespace weir::group
