#include "core/log/carried_frames.h"

#include "core/base/crc32c.h"
#include "core/base/endian.h"

namespace weir::log {
namespace {

// The second has a summary behind the producers.
constexpr std::uint32_t state_version = 2;
constexpr std::size_t state_head = 16;
constexpr std::size_t summary_head = 8;

std::uint32_t crc_of(std::string_view head, const fragments& rest) {
  auto crc = crc32c(head);
  for (const auto& piece : rest.pieces()) crc = crc32c(piece.view(), crc);
  return crc;
}

}  // namespace

void carry(fragments& to, const frame_head& head, const fragments& body) {
  auto sent = head;
  sent.unflushed_before = 0;  // of the sender's file, as is what it says of holes
  sent.after_hole = false;
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
  fragments rest;
  if (!state.summary.empty()) {
    std::array<char, summary_head> size{};
    store_le(size.data(), static_cast<std::uint64_t>(state.producers.size()));
    rest.append(bytes::copy({size.data(), size.size()}));
  }
  rest.append(state.producers);
  rest.append(state.summary);
  std::array<char, state_head> head{};
  store_le(head.data(), state.summary.empty() ? 1 : state_version);
  store_le(head.data() + 8, state.next_offset.value());
  store_le(head.data() + 4, crc_of({head.data() + 8, 8}, rest));
  fragments out(bytes::copy({head.data(), head.size()}));
  out.append(rest);
  return out;
}

std::expected<carried_state, log_error> decode_carried_state(const fragments& from) {
  if (from.size() < state_head) return std::unexpected(log_error::cut_off);
  std::array<char, state_head> head{};
  from.copy_to(0, head.size(), head.data());
  const auto version = load_le<std::uint32_t>(head.data());
  if (version > state_version) return std::unexpected(log_error::newer_version);
  const auto rest = from.slice(state_head, from.size() - state_head);
  if (load_le<std::uint32_t>(head.data() + 4) != crc_of({head.data() + 8, 8}, rest))
    return std::unexpected(log_error::bad_checksum);
  carried_state out{.next_offset = offset(load_le<std::int64_t>(head.data() + 8)),
                    .producers = rest,
                    .summary = {}};
  if (version == 0 || out.next_offset.value() < 0) return std::unexpected(log_error::bad_field);
  if (version == 1) return out;
  if (rest.size() < summary_head) return std::unexpected(log_error::cut_off);
  std::array<char, summary_head> size{};
  rest.copy_to(0, size.size(), size.data());
  const auto producers = load_le<std::uint64_t>(size.data());
  const auto left = rest.size() - summary_head;
  // One without a summary is of the first version: a state has one encoding.
  if (producers >= left) return std::unexpected(log_error::bad_field);
  out.producers = rest.slice(summary_head, producers);
  out.summary = rest.slice(summary_head + producers, left - producers);
  return out;
}

}  // namespace weir::log
