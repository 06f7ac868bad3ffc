#include "core/log/cut_record.h"

#include "core/base/check.h"
#include "core/base/crc32c.h"
#include "core/base/endian.h"
#include "core/log/segment_header.h"

namespace weir::log {
namespace {

constexpr std::string_view magic = "WEIRCUT\n";
constexpr std::uint32_t version = 1;
constexpr std::size_t fixed = 40;

}  // namespace

std::string encode(const cut_record& cut) {
  weir_check(cut.kept.size() == cut.end.value() % cut_record::block, "{} bytes kept of a cut at {}",
             cut.kept.size(), cut.end);
  std::string out(fixed, '\0');
  char* b = out.data();
  magic.copy(b, magic.size());
  store_le(b + 8, version);
  store_le(b + 16, cut.salt);
  store_le(b + 24, cut.first_index.value());
  store_le(b + 32, cut.end.value());
  out += cut.kept;
  store_le(out.data() + 12, crc32c(std::string_view(out).substr(16)));
  return out;
}

std::expected<cut_record, log_error> decode_cut_record(std::string_view file) {
  if (file.size() < fixed) return std::unexpected(log_error::cut_off);
  const char* b = file.data();
  if (!file.starts_with(magic)) return std::unexpected(log_error::bad_magic);
  const auto file_version = load_le<std::uint32_t>(b + 8);
  if (file_version > version) return std::unexpected(log_error::newer_version);
  if (load_le<std::uint32_t>(b + 12) != crc32c(file.substr(16)))
    return std::unexpected(log_error::bad_checksum);
  cut_record cut{.salt = load_le<std::uint64_t>(b + 16),
                 .first_index = log_index(load_le<std::uint64_t>(b + 24)),
                 .end = position(load_le<std::uint64_t>(b + 32)),
                 .kept = std::string(file.substr(fixed))};
  if (file_version != version || cut.end.value() < segment_header_size ||
      cut.kept.size() != cut.end.value() % cut_record::block)
    return std::unexpected(log_error::bad_field);
  return cut;
}

}  // namespace weir::log
