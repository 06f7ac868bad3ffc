#pragma once
// How a small file lies on the device: direct I/O writes whole blocks, so it starts with its size
// (u64), then the content, then zeros.
#include <algorithm>
#include <string_view>

#include "core/base/endian.h"

namespace weir::store {

// As much of the content as `file` has; empty where not even the size is there.
inline std::string_view small_file_content(std::string_view file) {
  if (file.size() < sizeof(std::uint64_t)) return {};
  const auto size = load_le<std::uint64_t>(file.data());
  file.remove_prefix(sizeof(std::uint64_t));
  return file.substr(0, std::min<std::uint64_t>(size, file.size()));
}

}  // namespace weir::store
