#pragma once
// What the small files that are one record begin with: a magic of eight bytes, u32 version, u32
// CRC-32C of everything behind it.
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "core/base/crc32c.h"
#include "core/base/endian.h"
#include "core/log/errors.h"

namespace weir::log {

struct record_envelope {
  static constexpr std::size_t size = 16;
  std::string_view magic;  // eight bytes
  std::uint32_t version = 1;
  std::uint32_t oldest = version;  // that is read

  // Into the first bytes of `out`, which has all else already.
  void seal(std::string& out) const {
    magic.copy(out.data(), magic.size());
    store_le(out.data() + 8, version);
    store_le(out.data() + 12, crc32c(std::string_view(out).substr(size)));
  }
  // Of one that was checked.
  static std::uint32_t version_of(std::string_view file) {
    return load_le<std::uint32_t>(file.data() + 8);
  }
  // Whether `file` is such a record, whole, of at least `least` bytes. Errors: cut_off, bad_magic,
  // newer_version, bad_checksum, bad_field (a version that is too old).
  [[nodiscard]] std::expected<void, log_error> check(std::string_view file,
                                                     std::size_t least) const {
    if (file.size() < least) return std::unexpected(log_error::cut_off);
    if (!file.starts_with(magic)) return std::unexpected(log_error::bad_magic);
    const auto found = load_le<std::uint32_t>(file.data() + 8);
    if (found > version) return std::unexpected(log_error::newer_version);
    if (load_le<std::uint32_t>(file.data() + 12) != crc32c(file.substr(size)))
      return std::unexpected(log_error::bad_checksum);
    if (found < oldest) return std::unexpected(log_error::bad_field);
    return {};
  }
};

}  // namespace weir::log
