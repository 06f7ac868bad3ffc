#include "cli/offline/frames.h"

#include <fmt/format.h>

#include <algorithm>

namespace weir::offline {
namespace {

constexpr std::size_t window_size = 1 << 20;

// The records of an uncompressed batch, read from the file as they are asked for.
class body_pieces final : public record::piece_source {
 public:
  body_pieces(source_ptr from, std::uint64_t at, std::uint64_t end)
      : from_(std::move(from)), at_(at), end_(end) {}
  std::expected<bytes, record::record_error> next() override {
    auto piece = from_->read(at_, std::min<std::uint64_t>(record::piece_size_max, end_ - at_));
    at_ += piece.size();
    return bytes::from(std::move(piece));
  }

 private:
  source_ptr from_;
  std::uint64_t at_, end_;
};

fragments read_whole(const byte_source& from, std::uint64_t at, std::uint64_t size) {
  fragments all;
  const auto end = at + size;
  while (at < end) {
    auto piece = from.read(at, std::min<std::uint64_t>(record::piece_size_max, end - at));
    if (piece.empty()) break;
    at += piece.size();
    all.append(bytes::from(std::move(piece)));
  }
  return all;
}

}  // namespace

std::optional<log::scan_result> walk_frames(const byte_source& from, const log::scan_start& start,
                                            const frame_visit& each) {
  log::scanner scan(start);
  std::string window;
  while (!scan.done()) {
    const auto at = scan.wanted().value();
    window = from.read(at, std::min<std::uint64_t>(window_size, start.end.value() - at));
    if (window.empty()) throw read_failed("the file became shorter while it was read");
    scan.feed(position(at), window);
    while (auto frame = scan.next()) {
      if (!each(*frame)) return std::nullopt;
    }
  }
  return scan.result();
}

std::optional<record::record_reader> open_batch(const source_ptr& from, position at,
                                                const log::frame_head& head,
                                                const record::batch_header& batch) {
  const auto body = at.value() + log::frame_head_size;
  const auto codec = batch.compression();
  if (codec && *codec == record::codec::none) {
    return record::record_reader(
        batch, std::make_unique<body_pieces>(from, body + record::batch_header_size,
                                             body + head.body_size));
  }
  if (head.body_size > packed_max) return std::nullopt;
  return record::record_reader(batch, read_whole(*from, body, head.body_size), unpacked_max);
}

batch_contents check_batch(const source_ptr& from, position at, const log::frame_head& head,
                           const record::batch_header& batch) {
  batch_contents out;
  auto reader = open_batch(from, at, head, batch);
  if (!reader) return {.skipped = true};
  std::int32_t last = -1;
  record::record_shape shape;
  while (true) {
    const auto more = reader->next_shape(shape);
    if (!more) {
      const auto said = reader->complaint();
      out.complaint = fmt::format("record {}: {}", out.records,
                                  said.empty() ? record::describe(more.error()) : said);
      out.skipped = more.error() == record::record_error::too_large_unpacked;
      if (out.skipped) out.complaint.clear();
      return out;
    }
    if (!*more) break;
    if (shape.offset_delta <= last || shape.offset_delta > batch.last_offset_delta) {
      out.complaint =
          fmt::format("record {} has offset delta {} behind {}, and the batch ends at {}",
                      out.records, shape.offset_delta, last, batch.last_offset_delta);
      return out;
    }
    out.gaps |= shape.offset_delta != last + 1;
    last = shape.offset_delta;
    ++out.records;
  }
  out.gaps |= last != batch.last_offset_delta;
  return out;
}

}  // namespace weir::offline
