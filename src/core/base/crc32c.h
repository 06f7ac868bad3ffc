#pragma once
// CRC-32C (Castagnoli), as in record batches and Weir's own frames.
#include <cstdint>
#include <string_view>

#include "core/base/fragments.h"

namespace weir {

// The checksum of `data`, or of the bytes that gave `before` followed by `data`.
std::uint32_t crc32c(std::string_view data, std::uint32_t before = 0);
std::uint32_t crc32c(const fragments& data, std::size_t from, std::size_t count,
                     std::uint32_t before = 0);

}  // namespace weir
