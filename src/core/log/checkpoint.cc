#include "core/log/checkpoint.h"

#include "core/base/crc32c.h"
#include "core/base/endian.h"

namespace weir::log {
namespace {

constexpr std::string_view magic = "WEIRCKP\n";
constexpr std::uint32_t version = 1;
constexpr std::uint64_t flag_clean = 1;

std::uint32_t crc_of(const char* b) {
  return crc32c({b + 16, checkpoint_size - 16});
}

}  // namespace

std::array<char, checkpoint_size> encode(const checkpoint& c) {
  std::array<char, checkpoint_size> out{};
  char* b = out.data();
  std::copy(magic.begin(), magic.end(), b);
  store_le(b + 8, version);
  store_le(b + 16, c.clean ? flag_clean : 0);
  store_le(b + 24, c.active_salt);
  store_le(b + 32, c.active_first_index.value());
  store_le(b + 40, c.flushed_through.value());
  store_le(b + 48, c.flushed_index.value());
  store_le(b + 56, c.next_offset.value());
  store_le(b + 64, c.last_term.value());
  store_le(b + 72, c.start_index.value());
  store_le(b + 80, c.start_offset.value());
  store_le(b + 88, c.written.value());
  store_le(b + 12, crc_of(b));
  return out;
}

std::expected<checkpoint, log_error> decode_checkpoint(std::string_view file) {
  if (file.size() < checkpoint_size) return std::unexpected(log_error::cut_off);
  const char* b = file.data();
  if (!file.starts_with(magic)) return std::unexpected(log_error::bad_magic);
  const auto file_version = load_le<std::uint32_t>(b + 8);
  if (file_version > version) return std::unexpected(log_error::newer_version);
  if (load_le<std::uint32_t>(b + 12) != crc_of(b)) return std::unexpected(log_error::bad_checksum);
  const auto flags = load_le<std::uint64_t>(b + 16);
  const checkpoint c{.clean = flags == flag_clean,
                     .active_salt = load_le<std::uint64_t>(b + 24),
                     .active_first_index = log_index(load_le<std::uint64_t>(b + 32)),
                     .flushed_through = position(load_le<std::uint64_t>(b + 40)),
                     .flushed_index = log_index(load_le<std::uint64_t>(b + 48)),
                     .next_offset = offset(load_le<std::int64_t>(b + 56)),
                     .last_term = term(load_le<std::uint64_t>(b + 64)),
                     .start_index = log_index(load_le<std::uint64_t>(b + 72)),
                     .start_offset = offset(load_le<std::int64_t>(b + 80)),
                     .written = timestamp(load_le<std::int64_t>(b + 88))};
  if (file_version != version || flags > flag_clean || c.start_offset.value() < 0 ||
      c.next_offset.value() < 0) {
    return std::unexpected(log_error::bad_field);
  }
  return c;
}

}  // namespace weir::log
