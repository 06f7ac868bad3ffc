#include "core/log/cleaner_checkpoint.h"

#include "core/base/crc32c.h"
#include "core/base/endian.h"

namespace weir::log {
namespace {

constexpr std::string_view magic = "WEIRCLN\n";
constexpr std::uint32_t version = 1;

}  // namespace

std::array<char, cleaner_checkpoint_size> encode(const cleaner_checkpoint& c) {
  std::array<char, cleaner_checkpoint_size> out{};
  char* b = out.data();
  magic.copy(b, magic.size());
  store_le(b + 8, version);
  store_le(b + 16, c.first_dirty.value());
  store_le(b + 24, c.written.value());
  store_le(b + 12, crc32c(std::string_view(b, out.size()).substr(16)));
  return out;
}

std::expected<cleaner_checkpoint, log_error> decode_cleaner_checkpoint(std::string_view file) {
  if (file.size() < cleaner_checkpoint_size) return std::unexpected(log_error::cut_off);
  const char* b = file.data();
  if (!file.starts_with(magic)) return std::unexpected(log_error::bad_magic);
  const auto file_version = load_le<std::uint32_t>(b + 8);
  if (file_version > version) return std::unexpected(log_error::newer_version);
  if (load_le<std::uint32_t>(b + 12) != crc32c(file.substr(16, cleaner_checkpoint_size - 16)))
    return std::unexpected(log_error::bad_checksum);
  const cleaner_checkpoint c{.first_dirty = offset(load_le<std::int64_t>(b + 16)),
                             .written = timestamp(load_le<std::int64_t>(b + 24))};
  if (file_version != version || c.first_dirty.value() < 0)
    return std::unexpected(log_error::bad_field);
  return c;
}

}  // namespace weir::log
