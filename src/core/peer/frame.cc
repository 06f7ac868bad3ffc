#include "core/peer/frame.h"

#include "core/base/check.h"
#include "core/base/crc32c.h"
#include "core/base/endian.h"

namespace weir::peer {
namespace {

constexpr std::uint8_t layout = 1;
constexpr auto last_kind = message_kind::snapshot_progress;

std::uint32_t checksum(message_kind kind, std::string_view head, const fragments& tail) {
  const auto of_head = crc32c(head);
  return kind == message_kind::raft_pack ? of_head : crc32c(tail, 0, tail.size(), of_head);
}

}  // namespace

std::string_view name(peer_error error) {
  switch (error) {
    case peer_error::bad_header:
      return "not a frame of a peer, or damaged";
    case peer_error::newer_layout:
      return "a frame of a newer layout";
    case peer_error::unknown_kind:
      return "a message of an unknown kind";
    case peer_error::too_large:
      return "a message larger than is taken";
    case peer_error::bad_checksum:
      return "a damaged message";
    case peer_error::malformed:
      return "a malformed message";
    case peer_error::not_in_version:
      return "a message that is not in the agreed version";
  }
  return "unknown";
}

std::array<char, frame_header_size> encode(const frame_header& header) {
  std::array<char, frame_header_size> out{};
  store_le(out.data(), header.head_size);
  store_le(out.data() + 4, header.tail_size);
  out[8] = static_cast<char>(header.kind);
  out[9] = static_cast<char>(layout);
  store_le(out.data() + 12, header.crc);
  store_le(out.data() + 16, crc32c({out.data(), 16}));
  return out;
}

std::expected<frame_header, peer_error> decode_frame_header(
    std::array<char, frame_header_size> from, frame_limits limits) {
  if (load_le<std::uint32_t>(from.data() + 16) != crc32c({from.data(), 16})) {
    return std::unexpected(peer_error::bad_header);
  }
  if (static_cast<std::uint8_t>(from[9]) != layout) {
    return std::unexpected(peer_error::newer_layout);
  }
  const auto kind = static_cast<std::uint8_t>(from[8]);
  if (kind == 0 || kind > static_cast<std::uint8_t>(last_kind)) {
    return std::unexpected(peer_error::unknown_kind);
  }
  frame_header header;
  header.kind = static_cast<message_kind>(kind);
  header.head_size = load_le<std::uint32_t>(from.data());
  header.tail_size = load_le<std::uint32_t>(from.data() + 4);
  header.crc = load_le<std::uint32_t>(from.data() + 12);
  if (header.head_size > limits.head_max || header.tail_size > limits.tail_max) {
    return std::unexpected(peer_error::too_large);
  }
  return header;
}

std::expected<void, peer_error> check_body(const frame_header& header, std::string_view head,
                                           const fragments& tail) {
  weir_check(head.size() == header.head_size && tail.size() == header.tail_size,
             "{} and {} bytes for {} and {}", head.size(), tail.size(), header.head_size,
             header.tail_size);
  if (checksum(header.kind, head, tail) != header.crc) {
    return std::unexpected(peer_error::bad_checksum);
  }
  return {};
}

fragments frame_of(message_kind kind, bytes head, const fragments& tail) {
  weir_check(head.size() <= frame_head_max && tail.size() <= frame_tail_max,
             "a frame of {} and {} bytes", head.size(), tail.size());
  const auto header = encode(frame_header{.kind = kind,
                                          .head_size = static_cast<std::uint32_t>(head.size()),
                                          .tail_size = static_cast<std::uint32_t>(tail.size()),
                                          .crc = checksum(kind, head.view(), tail)});
  // Header and head in one piece: small messages then are one piece.
  std::string start;
  start.reserve(header.size() + head.size());
  start.append(header.data(), header.size());
  start.append(head.view());
  fragments out(bytes::from(std::move(start)));
  out.append(tail);
  return out;
}

}  // namespace weir::peer
