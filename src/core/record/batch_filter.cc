#include "core/record/batch_filter.h"

#include "core/base/check.h"

namespace weir::record {
namespace {

// Of unpacked bytes, and of records, in one step.
constexpr std::size_t step_bytes = 64 * 1024;
constexpr int step_records = 256;

// A horizon so far away that it can't be told stays as far as it can be.
timestamp horizon_at(timestamp now, std::int64_t wait) {
  return timestamp(wait > INT64_MAX - now.value() ? INT64_MAX : now.value() + wait);
}

fragments without_records(batch_header header) {
  header.attributes = static_cast<std::int16_t>(
      header.attributes & ~(batch_header::codec_bits | batch_header::delete_horizon_bit));
  header.base_timestamp = header.max_timestamp;
  header.record_count = 0;
  return assemble_batch(header, {});
}

}  // namespace

batch_filter::batch_filter(const batch_header& header, fragments batch, const filter_rules& rules)
    : header_(header), batch_(std::move(batch)), rules_(rules) {
  const bool empty = header_.record_count == 0;
  if (empty && rules_.keep_header) {
    out_ = {.fate = batch_fate::same, .batch = batch_};
    phase_ = phase::done;
  } else if (empty) {
    out_.fate = batch_fate::dropped;
    phase_ = phase::done;
  } else if (header_.control()) {
    judge_marker();
  } else {
    reader_ = std::make_unique<record_reader>(header_, batch_, rules_.unpacked_max);
  }
}

// None goes by its key: it ends a transaction whose records may still be there. The horizon gives
// those who have read of them the time to get here.
void batch_filter::judge_marker() {
  phase_ = phase::done;
  out_ = {.fate = batch_fate::same, .batch = batch_, .kept = header_.record_count};
  if (!rules_.marker_alone || !header_.compression()) return;
  if (!header_.has_delete_horizon()) {
    new_tombstone_ = true;
    begin_copy();
  } else if (expired() && !rules_.keep_header) {
    out_ = {.fate = batch_fate::dropped, .forgot = true};
  }
}

bool batch_filter::stays(const record& r) const {
  if (header_.control() || r.offset >= rules_.end) return true;
  if (rules_.aborted || !r.key || !rules_.newest(r.key->view(), r.offset)) return false;
  return !tombstone(r) || !expired();
}

std::expected<bool, record_error> batch_filter::next() {
  if (!weir_try(reader_->next(record_))) return false;
  if (record_.offset_delta <= last_delta_ || record_.offset_delta > header_.last_offset_delta)
    return std::unexpected(record_error::bad_record);
  last_delta_ = record_.offset_delta;
  return true;
}

std::expected<bool, record_error> batch_filter::step() {
  const auto until = reader_ ? reader_->position() + step_bytes : 0;
  for (int n = 0; phase_ != phase::done && n < step_records && reader_->position() < until; ++n) {
    const bool more = weir_try(next());
    if (phase_ == phase::judge) {
      if (!more) {
        judged();
        break;
      }
      judge_one();
    } else {
      if (!more) {
        // Of a marker the header alone was read before.
        if (copied_ != out_.kept) return std::unexpected(record_error::bad_record);
        out_.batch = builder_->finish(header_.last_offset_delta);
        phase_ = phase::done;
        break;
      }
      if (!stays(record_)) continue;
      builder_->add(record_);
      ++copied_;
    }
  }
  return phase_ == phase::done;
}

void batch_filter::judge_one() {
  if (!stays(record_)) {
    ++gone_;
    // Newer ones of its key were looked for, below the end.
    out_.forgot = out_.forgot || (!rules_.aborted && tombstone(record_) && record_.key &&
                                  rules_.newest(record_.key->view(), record_.offset));
    return;
  }
  ++out_.kept;
  if (!tombstone(record_)) return;
  ++out_.tombstones;
  new_tombstone_ = new_tombstone_ || (!header_.has_delete_horizon() && record_.offset < rules_.end);
}

void batch_filter::judged() {
  phase_ = phase::done;
  if (gone_ == 0 && !new_tombstone_) {
    out_.fate = batch_fate::same;
    out_.batch = batch_;
  } else if (out_.kept > 0) {
    begin_copy();
  } else if (rules_.keep_header) {
    out_.fate = batch_fate::emptied;
    out_.batch = without_records(header_);
  } else {
    out_.fate = batch_fate::dropped;
  }
}

void batch_filter::begin_copy() {
  std::optional<timestamp> horizon;
  if (header_.has_delete_horizon()) {
    horizon = header_.base_timestamp;
  } else if (new_tombstone_) {
    horizon = horizon_at(rules_.now, rules_.tombstone_ms);
  }
  out_.fate = batch_fate::rewritten;
  const auto type = *header_.compression();  // its records were just read
  builder_ = std::make_unique<batch_builder>(
      batch_plan{.base_offset = header_.base_offset,
                 .leader_epoch = header_.leader_epoch,
                 .compression = type,
                 .level = rules_.levels[static_cast<std::size_t>(type)],
                 .timestamps = header_.timestamps(),
                 .producer = header_.producer,
                 .epoch = header_.epoch,
                 .base_sequence = header_.base_sequence,
                 .transactional = header_.transactional(),
                 .control = header_.control(),
                 .delete_horizon = horizon});
  reader_ = std::make_unique<record_reader>(header_, batch_, rules_.unpacked_max);
  last_delta_ = -1;
  phase_ = phase::copy;
}

filtered_batch batch_filter::take() {
  weir_check(phase_ == phase::done, "a batch at {} taken before its end", header_.base_offset);
  return std::move(out_);
}

}  // namespace weir::record
