#include "core/log/carried_frames.h"

#include "core/base/crc32c.h"
#include "core/base/endian.h"

namespace weir::log {
namespace {

constexpr std::uint32_t state_version = 1;
constexpr std::size_t state_head = 16;

std::uint32_t crc_of(std::string_view head, const fragments& rest) {
  auto crc = crc32c(head);
  for (const auto& piece : rest.pieces()) crc = crc32c(piece.view(), crc);
  return crc;
}

}  // namespace

void carry(fragments& to, const frame_head& head, const fragments& body) {
  auto sent = head;
  sent.unflushed_before = 0;  // of the sender's file
  const auto encoded = encode(sent, 0, position(0));
  to.append(bytes::copy({encoded.data(), encoded.size()}));
  to.append(body);
}

std::expected<std::vector<carried_frame>, log_error> take_carried(const fragments& from,
                                                                  std::size_t frames_max) {
  std::vector<carried_frame> out;
  fragments_cursor in(from);
  while (in.left() > 0) {
    if (in.left() < frame_head_size) return std::unexpected(log_error::cut_off);
    if (out.size() == frames_max) return std::unexpected(log_error::bad_field);
    std::array<char, frame_head_size> raw{};
    in.read(raw.data(), raw.size());
    const auto head = decode_frame_head({raw.data(), raw.size()}, 0, position(0));
    if (!head) return std::unexpected(head.error());
    if (!head->is_entry()) return std::unexpected(log_error::bad_field);
    if (in.left() < head->body_size) return std::unexpected(log_error::cut_off);
    carried_frame frame{.head = *head, .body = in.take(head->body_size)};
    if (const auto good = check_body(frame.head, frame.body); !good)
      return std::unexpected(good.error());
    out.push_back(std::move(frame));
  }
  return out;
}

fragments encode(const carried_state& state) {
  std::array<char, state_head> head{};
  store_le(head.data(), state_version);
  store_le(head.data() + 8, state.next_offset.value());
  store_le(head.data() + 4, crc_of({head.data() + 8, 8}, state.producers));
  fragments out(bytes::copy({head.data(), head.size()}));
  out.append(state.producers);
  return out;
}

std::expected<carried_state, log_error> decode_carried_state(const fragments& from) {
  if (from.size() < state_head) return std::unexpected(log_error::cut_off);
  std::array<char, state_head> head{};
  from.copy_to(0, head.size(), head.data());
  if (load_le<std::uint32_t>(head.data()) > state_version)
    return std::unexpected(log_error::newer_version);
  carried_state out{.next_offset = offset(load_le<std::int64_t>(head.data() + 8)),
                    .producers = from.slice(state_head, from.size() - state_head)};
  if (load_le<std::uint32_t>(head.data() + 4) != crc_of({head.data() + 8, 8}, out.producers))
    return std::unexpected(log_error::bad_checksum);
  if (load_le<std::uint32_t>(head.data()) != state_version || out.next_offset.value() < 0)
    return std::unexpected(log_error::bad_field);
  return out;
}

}  // namespace weir::log
