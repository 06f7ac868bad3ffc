#include "cli/offline/side_files.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/endian.h"

namespace weir::offline {
namespace {

constexpr const char* rebuilt =
    "nothing is lost: remove the file, and the next start makes it again from the segments";

// Compaction takes records out of a batch, and with them their times.
bool same_but_for_records(const log::known_batch& a, log::known_batch b) {
  b.max_timestamp = a.max_timestamp;
  return a == b;
}

}  // namespace

std::expected<log::segment_index, log::log_error> read_index(std::string_view content) {
  constexpr std::size_t salt_at = 16;
  constexpr std::size_t first_at = 24;
  if (content.size() < first_at + sizeof(std::uint64_t))
    return std::unexpected(log::log_error::cut_off);
  return log::segment_index::decode(content, load_le<std::uint64_t>(content.data() + salt_at),
                                    log_index(load_le<std::uint64_t>(content.data() + first_at)),
                                    UINT64_MAX);
}

index_check::index_check(std::string file, log::segment_index index, log_index first,
                         offset first_offset)
    : file_(std::move(file)), index_(std::move(index)) {
  totals_.next_index = first;
  totals_.next_offset = first_offset;
  if (index_.totals().end == totals_.end) covered_ = totals_;
}

void index_check::complain(std::uint64_t at, std::string what) {
  if (found_) return;
  found_ = {.how = level::redundant,
            .file = file_,
            .position = at,
            .offset = std::nullopt,
            .what = std::move(what),
            .means = rebuilt};
}

void index_check::frame(const log::scanned_frame& frame, timestamp max_timestamp) {
  totals_.end = frame.at;  // damage before may have been passed over
  if (next_ < index_.entries()) {
    const auto e = index_.entry(next_);
    if (e.at < frame.at) {
      complain(e.at.value(), fmt::format("an entry points to position {} of the segment, where no "
                                         "frame begins",
                                         e.at));
      ++next_;
    } else if (e.at == frame.at) {
      const bool same = e.index == frame.head.index && e.base_offset == frame.head.base_offset &&
                        e.max_timestamp == totals_.max_timestamp &&
                        e.max_timestamp_offset == totals_.max_timestamp_offset &&
                        e.max_append_time == totals_.max_append_time;
      if (!same) {
        complain(e.at.value(),
                 fmt::format("the entry for position {} says index {}, offset {}, latest time {} "
                             "before it; the frame there has index {}, offset {}, and {} is the "
                             "latest time",
                             e.at, e.index, e.base_offset, e.max_timestamp, frame.head.index,
                             frame.head.base_offset, totals_.max_timestamp));
      }
      ++next_;
    }
  }
  totals_.add(frame.head, max_timestamp);
  if (totals_.end == index_.totals().end) covered_ = totals_;
}

void index_check::cover(log_index next_index, offset next_offset) {
  if (!covered_) return;
  covered_->next_index = next_index;
  covered_->next_offset = next_offset;
}

void index_check::finish(findings& to) {
  if (!covered_) {
    complain(0, fmt::format("it covers the segment up to position {}, where no frame ends",
                            index_.totals().end));
  } else if (*covered_ != index_.totals()) {
    complain(0, fmt::format("its totals (index {}, offset {}, latest time {}) are not those of the "
                            "frames that it covers (index {}, offset {}, latest time {})",
                            index_.totals().next_index, index_.totals().next_offset,
                            index_.totals().max_timestamp, covered_->next_index,
                            covered_->next_offset, covered_->max_timestamp));
  }
  if (found_) to.add(*found_);
}

void terms_check::entry(const log::frame_head& head) {
  if (!log_start_) log_start_ = head.index;
  const bool begins = head.term > last_ || *log_start_ == head.index;
  last_ = std::max(last_, head.term);
  if (!begins || !map_ || found_) return;
  const auto known = map_->find(head.term);
  // The first term kept may have begun earlier, and what is newer than the file is not in it.
  const bool first = *log_start_ == head.index;
  const bool right = known && (first ? known->first_index <= head.index
                                     : known->first_index == head.index &&
                                           known->first_offset == head.base_offset);
  const bool newer = !known && (!map_->latest() || head.term > *map_->latest());
  if (right || newer) return;
  found_ = {.how = level::redundant,
            .file = file_,
            .position = std::nullopt,
            .offset = head.base_offset.value(),
            .what = known
                        ? fmt::format("term {} begins at index {}, offset {}; the file says index "
                                      "{}, offset {}",
                                      head.term, head.index, head.base_offset, known->first_index,
                                      known->first_offset)
                        : fmt::format("term {}, which begins at index {}, is not in the file",
                                      head.term, head.index),
            .means = rebuilt};
}

void terms_check::finish(findings& to) {
  if (found_) to.add(*found_);
}

void producers_check::add(std::string file, log::producer_sequences::snapshot snapshot) {
  auto& at = waiting_[snapshot.covers];
  at.push_back({std::move(file), std::move(snapshot)});
}

void producers_check::entry(const log::frame_head& head, const record::batch_header* batch,
                            const fragments& body) {
  if (head.index <= last_) return;
  if (!log_start_) log_start_ = head.index;
  while (!waiting_.empty() && waiting_.begin()->first < head.index) {
    for (const auto& h : waiting_.begin()->second) compare(h);
    waiting_.erase(waiting_.begin());
  }
  last_ = head.index;
  if (batch) live_.apply(head, *batch, body);
}

void producers_check::compare(const held& h) {
  if (!log_start_) return;
  for (const auto& said : h.snapshot.producers.all()) {
    const auto* known = live_.find(said.id);
    if (!known || known->count == 0 || said.count == 0) continue;
    const auto& ours = known->batches[known->count - 1];
    const auto& theirs = said.batches[said.count - 1];
    if (known->epoch == said.epoch && ours == theirs) continue;
    if (compacted_ && (theirs.index > ours.index || same_but_for_records(ours, theirs))) continue;
    found_.push_back(
        {.how = level::redundant,
         .file = h.file,
         .position = std::nullopt,
         .offset = ours.base_offset.value(),
         .what = fmt::format("producer {}: its last batch up to index {} is that at offset {} with "
                             "epoch {} and sequences {} to {}; the snapshot says offset {}, epoch "
                             "{}, sequences {} to {}",
                             said.id, h.snapshot.covers, ours.base_offset, known->epoch,
                             ours.first_sequence, ours.last_sequence, theirs.base_offset,
                             said.epoch, theirs.first_sequence, theirs.last_sequence),
         .means =
             "a repeat of this producer could be stored twice or refused: remove the file, and "
             "the next start makes it again from the segments"});
    return;
  }
}

void producers_check::finish(findings& to, bool whole) {
  for (const auto& [covers, all] : waiting_) {
    for (const auto& h : all) {
      // Nothing after the last entry: what it covers has just ended.
      if (covers == last_ || !log_start_) {
        compare(h);
        continue;
      }
      if (!whole) continue;
      to.add({.how = level::redundant,
              .file = h.file,
              .position = std::nullopt,
              .offset = std::nullopt,
              .what = fmt::format("it covers everything up to index {}, but the log ends at {}",
                                  covers, last_),
              .means = rebuilt});
    }
  }
  for (auto& f : found_) to.add(std::move(f));
}

void check_checkpoint(const std::string& file, const log::checkpoint& c, const log_extent& log,
                      findings& to) {
  const auto complain = [&](level how, std::string what, std::string means) {
    to.add({.how = how,
            .file = file,
            .position = std::nullopt,
            .offset = std::nullopt,
            .what = std::move(what),
            .means = std::move(means)});
  };
  if (c.start_offset > log.next_offset || c.start_index > log.next) {
    complain(
        level::damage,
        fmt::format("the log starts at offset {}, index {}, but ends before offset {}, index {}",
                    c.start_offset, c.start_index, log.next_offset, log.next),
        "records between are missing: restore the partition from a replica or a backup");
  }
  if (c.active_salt == log.salt && c.flushed_index >= log.next) {
    complain(
        level::damage,
        fmt::format("entry {} was durable, but the log ends before {}", c.flushed_index, log.next),
        "acknowledged records are missing: restore the partition from a replica or a backup");
  }
}

}  // namespace weir::offline
