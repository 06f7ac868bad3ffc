// One segment of a partition: its header, its frames, what is in them, its index.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "cli/offline/partition_check.h"

namespace weir::offline {
namespace {

// Damaged places looked at in one file; a file with more is one piece of damage.
constexpr int places_max = 1000;
constexpr std::size_t command_max = 64 << 20;

constexpr const char* restore =
    "acknowledged records are not what was written: restore the partition from a replica or a "
    "backup; until then the broker answers KAFKA_STORAGE_ERROR where it meets this";

}  // namespace

struct partition_check::segment_scan {
  std::string name;
  log_index first;
  source_ptr file;
  log::segment_header header;
  std::optional<index_check> index;
  std::optional<log_index> next;
  std::optional<offset> next_offset;
  weir::term term{};
  std::optional<finding> damage;  // waits for the next good frame
  bool damaged = false;
};

void partition_check::check_segment(const std::string& name, bool last) {
  segment_scan s;
  s.name = name;
  ++out_.seen.segments;
  ++out_.seen.files;
  try {
    s.file = open_source(place_.directory + "/" + s.name);
    out_.seen.bytes += s.file->size();
    const auto header = open_header(s, last);
    if (!header) {
      if (!last) expected_.reset();
      return;
    }
    s.header = *header;
    s.first = log::parse_segment_file_name(name).value_or(header->first_index);
    if (!check_header(s)) return;
    if (!check_order(s)) return;
    load_index(s);
    scan(s, last);
    if (s.index && !s.damaged) s.index->finish(out_);
  } catch (const read_failed& why) {
    tell(level::unchecked, s.name, std::nullopt, std::nullopt, why.what(),
         "what is stored there is unknown: look at the device");
    expected_.reset();
    return;
  }
  expected_ = {.next = s.next.value_or(s.header.first_index),
               .next_offset = s.next_offset.value_or(s.header.first_offset),
               .term = s.term,
               .compacted = s.header.compacted.has_value()};
  extent_.salt = s.header.salt;
  extent_.first = s.header.first_index;
}

std::optional<log::segment_header> partition_check::open_header(segment_scan& s, bool last) {
  const auto start = s.file->read(0, 2 * log::segment_header_size);
  auto header = log::decode_segment_header(std::string_view(start).substr(
      0, std::min<std::size_t>(start.size(), log::segment_header_size)));
  if (header) return *header;
  const auto behind =
      std::string_view(start).substr(std::min<std::size_t>(start.size(), log::segment_header_size));
  if (header.error() == log::log_error::newer_version) {
    tell(level::unchecked, s.name, 0, std::nullopt, "written by a later version of Weir",
         "check it with that version");
  } else if (last && behind.find_first_not_of('\0') == std::string_view::npos) {
    tell(level::note, s.name, 0, std::nullopt, "the file's making was cut short: it has no entry",
         "normal after a power loss: the next start removes it");
  } else {
    tell(level::damage, s.name, 0, std::nullopt,
         fmt::format("the header is unreadable ({}): nothing behind it can be told apart",
                     log::name(header.error())),
         restore);
  }
  return std::nullopt;
}

// Whether it is this partition's.
bool partition_check::check_header(const segment_scan& s) {
  const auto wrong = [&](std::string what) {
    tell(level::damage, s.name, 0, std::nullopt, std::move(what),
         "the file is not the one that was written here: restore the partition from a replica or a "
         "backup");
    return false;
  };
  if (s.header.first_index != s.first)
    return wrong(fmt::format("the header says that it begins with index {}", s.header.first_index));
  if (place_.topic && s.header.topic != *place_.topic)
    return wrong(fmt::format("the header says that it belongs to topic {}", s.header.topic));
  if (place_.partition && s.header.partition != *place_.partition)
    return wrong(
        fmt::format("the header says that it belongs to partition {}", s.header.partition));
  return true;
}

bool partition_check::check_order(const segment_scan& s) {
  if (!std::exchange(begun_, true)) {
    extent_.first_offset = s.header.first_offset;
    return true;
  }
  if (!expected_) return true;
  const auto& e = *expected_;
  if (s.header.first_index == e.next && s.header.first_offset == e.next_offset) return true;
  if (e.compacted && s.header.first_index < e.next) {
    tell(level::note, s.name, 0, s.header.first_offset,
         "it was compacted into the segment before; its deletion was cut short",
         "normal after a crash: the next start removes it");
    return false;
  }
  if (s.header.first_index < e.next || s.header.first_offset < e.next_offset) {
    tell(level::damage, s.name, 0, s.header.first_offset,
         fmt::format("it begins with index {}, offset {}, but the segment before ends at index {}, "
                     "offset {}",
                     s.header.first_index, s.header.first_offset, e.next, e.next_offset),
         restore);
    return true;
  }
  tell(
      level::damage, s.name, 0, e.next_offset,
      fmt::format("between the segment before and this one offsets {} to {} (indexes {} to {}) are "
                  "missing",
                  e.next_offset, s.header.first_offset - 1, e.next, s.header.first_index - 1),
      restore);
  return true;
}

void partition_check::load_index(segment_scan& s) {
  s.file = journal_.over(s.file, {.topic = s.header.topic,
                                  .partition = s.header.partition,
                                  .first = s.first,
                                  .salt = s.header.salt});
  const auto name = log::index_file_name(s.first);
  const auto content = small(name);
  if (!content) return;
  auto index = log::segment_index::decode(*content, s.header.salt, s.first, s.file->size());
  if (index) {
    s.index.emplace(place_.label.empty() ? name : place_.label + "/" + name, std::move(*index),
                    s.first, s.header.first_offset);
    return;
  }
  const auto error = index.error();
  // Its checksum is right, so it is whole, and of another file.
  if (s.header.compacted && error == log::log_error::bad_field)
    return tell(level::note, name, 0, std::nullopt,
                "it is of a file that was compacted into this one, a moment before the end",
                "normal after a crash: the next start makes it again from the segment");
  tell(error == log::log_error::newer_version ? level::unchecked : level::redundant, name, 0,
       std::nullopt, std::string(log::name(error)),
       "nothing is lost: the next start makes it again from the segment");
}

void partition_check::scan(segment_scan& s, bool last) {
  const bool known = checkpoint_ && checkpoint_->active_salt == s.header.salt;
  const auto& span = s.header.compacted;
  if (span) producers_.compacted();
  s.term = std::max(expected_ ? expected_->term : weir::term{}, s.header.term);
  log::scan_start start{.salt = s.header.salt,
                        .end = position(s.file->size()),
                        .flushed_through = span    ? span->end
                                           : known ? checkpoint_->flushed_through
                                                   : position{},
                        .next_index = s.header.first_index,
                        .next_offset = s.header.first_offset,
                        .last_term = s.term,
                        .allow_gaps = span.has_value()};
  s.next = s.header.first_index;
  s.next_offset = s.header.first_offset;
  for (int place = 0;; ++place) {
    const auto result = walk_frames(*s.file, start, [&](const log::scanned_frame& f) {
      frame(s, f);
      return true;
    });
    bad_end(s, *result, last);
    if (result->tail != log::tail_state::corrupt || !result->next_good) break;
    if (place == places_max) {
      tell(level::damage, s.name, result->valid_through.value(), std::nullopt,
           "more damaged places follow: the rest is not looked at", restore);
      break;
    }
    start.at = *result->next_good;
    start.next_index.reset();
    start.next_offset.reset();
    start.last_term = result->last_term;
  }
  if (s.damage) out_.add(*std::exchange(s.damage, std::nullopt));
  if (span && !s.damaged) take_span(s);
}

// What it stands for, though its last frames may be gone.
void partition_check::take_span(segment_scan& s) {
  const auto& span = *s.header.compacted;
  if (*s.next > span.next_index || *s.next_offset > span.next_offset) {
    tell(level::damage, s.name, 0, span.next_offset,
         fmt::format("the header says that it covers entries below index {}, offset {}; the last "
                     "frame ends at index {}, offset {}",
                     span.next_index, span.next_offset, *s.next, *s.next_offset),
         restore);
    s.damaged = true;
    return;
  }
  s.next = span.next_index;
  s.next_offset = span.next_offset;
  s.term = std::max(s.term, span.last_term);
  if (s.index) s.index->cover(span.next_index, span.next_offset);
}

void partition_check::frame(segment_scan& s, const log::scanned_frame& f) {
  if (s.damage) {
    if (f.head.base_offset > *s.next_offset)
      s.damage->what +=
          fmt::format("; offsets {} to {} are lost", *s.next_offset, f.head.base_offset - 1);
    s.damage->what += fmt::format("; the next good frame is at {}", f.at);
    out_.add(*std::exchange(s.damage, std::nullopt));
  }
  advance(progress_, f.head.size());
  ++out_.seen.frames;
  s.next = f.head.next_index();
  s.next_offset = f.head.next_offset();
  s.term = std::max(s.term, f.head.is_entry() ? f.head.term : weir::term{});
  std::optional<record::batch_header> header;
  if (f.head.kind == log::frame_kind::batch) {
    if (const auto read = record::read_batch_header(f.body_start)) header = *read;
    if (header) batch(s, f, *header);
  }
  // One that compaction emptied has no record whose time it would be.
  const bool has_records = header && header->record_count > 0;
  if (s.index) s.index->frame(f, has_records ? header->max_timestamp : no_timestamp);
  if (f.head.after_hole) producers_.compacted();
  if (f.head.is_entry()) {
    if (terms_) terms_->entry(f.head);
    const bool control = header && header->control();
    producers_.entry(f.head, header ? &*header : nullptr, control ? f.small_body() : fragments());
  }
  const bool told =
      f.head.kind == log::frame_kind::command || f.head.kind == log::frame_kind::configuration;
  if (each_command_ && told && f.head.body_size <= command_max) {
    each_command_(f.head, fragments::copy(
                              s.file->read(f.at.value() + log::frame_head_size, f.head.body_size)));
  }
}

void partition_check::batch(segment_scan& s, const log::scanned_frame& f,
                            const record::batch_header& b) {
  ++out_.seen.batches;
  const auto contents = check_batch(s.file, f.at, f.head, b);
  out_.seen.records += static_cast<std::uint64_t>(contents.records);
  if (!contents.complaint.empty()) {
    tell(level::damage, s.name, f.at.value(), f.head.base_offset,
         "the batch's checksum is right, but its records are not: " + contents.complaint,
         "it was stored like this: a fault of the broker or of memory; consumers can't read it");
  } else if (contents.skipped) {
    tell(level::note, s.name, f.at.value(), f.head.base_offset,
         "the batch is too large to be unpacked here", "its checksum is right");
  }
}

void partition_check::bad_end(segment_scan& s, const log::scan_result& result, bool last) {
  const auto at = result.valid_through.value();
  const auto left = s.file->size() - at;
  const std::string reason(result.reason ? log::name(*result.reason) : "bad frame");
  if (result.tail == log::tail_state::clean) return;
  if (result.tail == log::tail_state::torn && last && !s.header.compacted) {
    tell(level::note, s.name, at, s.next_offset,
         fmt::format("a torn write: the last {} bytes hold no whole frame ({})", left, reason),
         "normal after a crash: it was never acknowledged, and the next start cuts it off");
    return;
  }
  if (s.damage) out_.add(*std::exchange(s.damage, std::nullopt));
  const std::string why = result.tail == log::tail_state::torn
                              ? fmt::format(
                                    "the segment is not the last one, and its last {} bytes "
                                    "hold no whole frame",
                                    left)
                          : result.below_flushed && !result.next_good
                              ? "what follows was durable and is not there"
                              : "a frame is damaged";
  // What was lost can't be compared with the files beside the segment.
  s.damaged = true;
  terms_.reset();
  producers_.compacted();
  s.damage = {.how = level::damage,
              .file = place_.label.empty() ? s.name : place_.label + "/" + s.name,
              .position = at,
              .offset = s.next_offset->value(),
              .what = why + " (" + reason + ")",
              .means = restore};
}

}  // namespace weir::offline
