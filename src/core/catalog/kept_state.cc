#include "core/catalog/kept_state.h"

#include "core/base/check.h"
#include "core/base/crc32c.h"
#include "core/base/endian.h"

namespace weir::catalog {
namespace {

constexpr std::string_view magic = "WEIRCAT\n";
constexpr std::uint32_t version = 1;

}  // namespace

fragments encode_kept_head(const kept_place& at) {
  std::string out(kept_head_size, '\0');
  magic.copy(out.data(), magic.size());
  store_le(out.data() + 8, version);
  store_le(out.data() + 16, at.index.value());
  store_le(out.data() + 24, at.next_offset.value());
  store_le(out.data() + 12, crc32c(std::string_view(out).substr(16)));
  return fragments(bytes::from(std::move(out)));
}

std::expected<kept_place, snapshot_error> decode_kept_head(const fragments& from) {
  if (from.size() < kept_head_size) return std::unexpected(snapshot_error::truncated);
  std::array<char, kept_head_size> head{};
  from.copy_to(0, head.size(), head.data());
  const std::string_view all(head.data(), head.size());
  if (!all.starts_with(magic)) return std::unexpected(snapshot_error::malformed);
  const auto found = load_le<std::uint32_t>(head.data() + 8);
  if (found > version) return std::unexpected(snapshot_error::newer_version);
  if (load_le<std::uint32_t>(head.data() + 12) != crc32c(all.substr(16)))
    return std::unexpected(snapshot_error::damaged);
  const kept_place at{.index = log_index(load_le<std::uint64_t>(head.data() + 16)),
                      .next_offset = offset(load_le<std::int64_t>(head.data() + 24))};
  if (found != version || at.next_offset.value() < 0)
    return std::unexpected(snapshot_error::malformed);
  return at;
}

std::string_view name(snapshot_error error) {
  switch (error) {
    case snapshot_error::truncated:
      return "cut off";
    case snapshot_error::damaged:
      return "bad checksum";
    case snapshot_error::malformed:
      return "malformed";
    case snapshot_error::newer_version:
      return "written by a newer version";
  }
  weir_check(false, "snapshot error {}", static_cast<int>(error));
}

}  // namespace weir::catalog
