#include "core/log/frame.h"

#include <algorithm>
#include <cstring>

#include "core/base/check.h"
#include "core/base/crc32c.h"
#include "core/base/endian.h"

namespace weir::log {
namespace {

constexpr std::size_t batch_crc_end = 21;  // a batch's checksum covers what follows its CRC field

std::uint32_t head_crc(const char* head, std::uint64_t salt, position at) {
  std::array<char, 16> bound;
  store_le(bound.data(), salt);
  store_le(bound.data() + 8, at.value());
  const std::uint32_t crc = crc32c({bound.data(), bound.size()});
  return crc32c({head + 4, frame_head_size - 4}, crc);
}

bool known(frame_kind kind) {
  return kind >= frame_kind::batch && kind <= frame_kind::start_moved;
}

// Which sizes and counts a kind allows. Ends that would overflow are refused here, so that nobody
// has to think of them later.
bool in_range(const frame_head& h) {
  if (h.body_size > frame_body_size_max) return false;
  if (h.base_offset.value() < 0 || h.base_offset.value() > INT64_MAX - UINT32_MAX) return false;
  if (h.index.value() == UINT64_MAX || (h.after_hole && !h.is_entry())) return false;
  switch (h.kind) {
    case frame_kind::batch:
      return h.body_size >= batch_header_size && h.offset_count >= 1 &&
             h.offset_count <= std::uint32_t{INT32_MAX} + 1;
    case frame_kind::term_start:
      return h.body_size == 0 && h.offset_count == 0 && h.body_crc == 0;
    case frame_kind::vote:
      return h.body_size == vote_size && h.offset_count == 0;
    case frame_kind::configuration:
      return h.offset_count == 0;
    case frame_kind::command:
      return h.offset_count == 1;
    case frame_kind::start_moved:
      return h.body_size == start_size && h.offset_count == 0;
  }
  return false;
}

}  // namespace

std::array<char, frame_head_size> encode(const frame_head& head, std::uint64_t salt, position at) {
  weir_check(in_range(head), "frame {} of kind {} with body {} and {} offsets", head.index,
             static_cast<int>(head.kind), head.body_size, head.offset_count);
  std::array<char, frame_head_size> out{};
  char* to = out.data();
  store_le(to + 4, head.body_size);
  store_le(to + 8, head.body_crc);
  to[12] = static_cast<char>(head.kind);
  to[13] = head.after_hole ? 1 : 0;
  store_le(to + 16, head.term.value());
  store_le(to + 24, head.index.value());
  store_le(to + 32, head.base_offset.value());
  store_le(to + 40, head.offset_count);
  store_le(to + 44, head.unflushed_before);
  store_le(to + 48, head.append_time.value());
  store_le(to, head_crc(to, salt, at));
  return out;
}

std::expected<frame_head, log_error> decode_frame_head(std::string_view from, std::uint64_t salt,
                                                       position at) {
  if (from.size() < frame_head_size) return std::unexpected(log_error::cut_off);
  const char* b = from.data();
  if (load_le<std::uint32_t>(b) != head_crc(b, salt, at)) {
    return std::unexpected(log_error::bad_checksum);
  }
  frame_head head;
  head.body_size = load_le<std::uint32_t>(b + 4);
  head.body_crc = load_le<std::uint32_t>(b + 8);
  head.kind = static_cast<frame_kind>(b[12]);
  head.term = weir::term(load_le<std::uint64_t>(b + 16));
  head.index = log_index(load_le<std::uint64_t>(b + 24));
  head.base_offset = offset(load_le<std::int64_t>(b + 32));
  head.offset_count = load_le<std::uint32_t>(b + 40);
  head.unflushed_before = load_le<std::uint32_t>(b + 44);
  head.append_time = timestamp(load_le<std::int64_t>(b + 48));
  head.after_hole = b[13] != 0;
  if (!known(head.kind)) return std::unexpected(log_error::unknown_kind);
  if (static_cast<unsigned char>(b[13]) > 1 || b[14] != 0 || b[15] != 0 || !in_range(head)) {
    return std::unexpected(log_error::bad_field);
  }
  return head;
}

void body_check::feed(std::string_view piece) {
  weir_check(piece.size() <= left(), "{} body bytes with {} left", piece.size(), left());
  if (seen_ < start_.size()) {
    const auto step = std::min(piece.size(), start_.size() - seen_);
    std::memcpy(start_.data() + seen_, piece.data(), step);
  }
  const std::size_t from = head_.kind == frame_kind::batch ? batch_crc_end : 0;
  const std::size_t skip = from > seen_ ? std::min(from - seen_, piece.size()) : 0;
  crc_ = crc32c(piece.substr(skip), crc_);
  seen_ += static_cast<std::uint32_t>(piece.size());
}

std::string_view body_check::start() const {
  return {start_.data(), std::min<std::size_t>(seen_, start_.size())};
}

std::expected<void, log_error> body_check::finish() const {
  weir_check(left() == 0, "body judged with {} bytes left", left());
  if (crc_ != head_.body_crc) return std::unexpected(log_error::bad_checksum);
  if (head_.kind == frame_kind::vote) {
    const auto v = decode_vote(start());
    if (!v) return std::unexpected(v.error());
    if (v->term != head_.term) return std::unexpected(log_error::body_mismatch);
  }
  if (head_.kind == frame_kind::start_moved) {
    const auto to = decode_start(start());
    if (!to) return std::unexpected(to.error());
    // Nothing is deleted that was not there.
    if (*to > head_.base_offset) return std::unexpected(log_error::body_mismatch);
  }
  if (head_.kind != frame_kind::batch) return {};
  const char* b = start_.data();
  const auto delta = load_be<std::int32_t>(b + 23);
  const bool agrees =
      load_be<std::int64_t>(b) == head_.base_offset.value() &&
      load_be<std::uint32_t>(b + 8) == head_.body_size - 12 &&
      load_be<std::uint32_t>(b + 12) == static_cast<std::uint32_t>(head_.term.value()) &&
      b[16] == 2 && load_be<std::uint32_t>(b + 17) == head_.body_crc && delta >= 0 &&
      static_cast<std::uint32_t>(delta) + 1 == head_.offset_count;
  if (!agrees) return std::unexpected(log_error::body_mismatch);
  return {};
}

std::expected<void, log_error> check_body(const frame_head& head, const fragments& body) {
  if (body.size() < head.body_size) return std::unexpected(log_error::cut_off);
  if (body.size() > head.body_size) return std::unexpected(log_error::body_mismatch);
  body_check check(head);
  for (const auto& piece : body.pieces()) check.feed(piece.view());
  return check.finish();
}

std::array<char, start_size> encode_start(offset to) {
  std::array<char, start_size> out;
  store_le(out.data(), to.value());
  return out;
}

std::expected<offset, log_error> decode_start(std::string_view body) {
  if (body.size() < start_size) return std::unexpected(log_error::cut_off);
  const offset to(load_le<std::int64_t>(body.data()));
  if (body.size() > start_size || to.value() < 0) return std::unexpected(log_error::bad_field);
  return to;
}

std::uint32_t body_crc(const fragments& body) {
  return crc32c(body, 0, body.size());
}

std::optional<batch_facts> read_batch_facts(std::string_view batch_start) {
  if (batch_start.size() < batch_header_size) return std::nullopt;
  const char* b = batch_start.data();
  const auto attributes = load_be<std::int16_t>(b + 21);
  return batch_facts{.base_offset = offset(load_be<std::int64_t>(b)),
                     .last_offset_delta = load_be<std::int32_t>(b + 23),
                     .max_timestamp = timestamp(load_be<std::int64_t>(b + 35)),
                     .producer = producer_id(load_be<std::int64_t>(b + 43)),
                     .epoch = producer_epoch(load_be<std::int16_t>(b + 51)),
                     .first_sequence = load_be<std::int32_t>(b + 53),
                     .transactional = (attributes & 0x10) != 0,
                     .control = (attributes & 0x20) != 0};
}

std::array<char, vote_size> encode(const vote& v) {
  std::array<char, vote_size> out;
  store_le(out.data(), v.term.value());
  store_le(out.data() + 8, v.voted_for.value());
  return out;
}

std::expected<vote, log_error> decode_vote(std::string_view body) {
  if (body.size() < vote_size) return std::unexpected(log_error::cut_off);
  if (body.size() > vote_size) return std::unexpected(log_error::bad_field);
  const vote v{weir::term(load_le<std::uint64_t>(body.data())),
               node_id(load_le<std::int32_t>(body.data() + 8))};
  if (v.voted_for.value() < -1) return std::unexpected(log_error::bad_field);
  return v;
}

}  // namespace weir::log
