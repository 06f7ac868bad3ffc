#include "engine/store/compaction_pass.h"

#include <seastar/core/coroutine.hh>
#include <seastar/coroutine/maybe_yield.hh>

#include "core/base/check.h"
#include "engine/store/store_log.h"

namespace weir::store {
namespace {

// A batch is unpacked to look at its records; more than this is refused on produce already.
constexpr std::size_t unpacked_max = 256 << 20;
constexpr int records_at_once = 128;

std::uint64_t frames_size(std::uint64_t end) {
  return end - log::segment_header_size;
}

}  // namespace

partition_log::compaction_pass::compaction_pass(partition_log& l, const compaction_work& work,
                                                const log::compaction_plan& plan)
    : log_(l),
      work_(work),
      parts_(l.parts_.begin(), l.parts_.begin() + static_cast<std::ptrdiff_t>(plan.end + 1)),
      dirty_(plan.dirty),
      dirty_from_(plan.dirty_from),
      bound_index_(l.segments_[plan.end - 1].next_index),
      bound_(l.segments_[plan.end - 1].next_offset),
      keys_(work_.memory, static_cast<std::uint64_t>(bound_ - dirty_from_), work_.hash) {
  rules_ = {.newest =
                [this](std::string_view key, offset at) {
                  if (at < log_.start_offset_) return false;  // nobody can read it
                  const auto known = keys_.find(key);
                  return !known || at >= *known;
                },
            .end = bound_,
            .now = log_.now(),
            .tombstone_ms = work_.rules.tombstone_ms,
            .levels = work_.levels,
            .unpacked_max = unpacked_max};
}

seastar::future<> partition_log::compaction_pass::run() {
  co_await read_keys();
  for (std::size_t i = 0; i + 1 < parts_.size();) {
    // Behind the last key that the table had room for nothing is known.
    if (parts_[i]->header.first_offset >= covered()) break;
    i = co_await rewrite(i);
  }
}

void partition_log::compaction_pass::go_on() const {
  if (log_.stopping_ || (work_.abort && work_.abort->abort_requested())) throw compaction_stopped();
  if (log_.failed_) throw std::runtime_error(log_.name() + ": failed before");
}

seastar::future<> partition_log::compaction_pass::moved(std::uint64_t bytes) {
  go_on();
  if (!work_.pace || !work_.abort || bytes == 0) co_return;
  try {
    co_await work_.pace->spend(bytes, *work_.abort, [this] { return log_.stopping_; });
  } catch (const seastar::sleep_aborted&) {
    throw compaction_stopped();
  }
  go_on();
}

bool partition_log::compaction_pass::gone(const part_ptr& p) const {
  return std::ranges::find(log_.parts_, p) == log_.parts_.end();
}

// Those of a segment that retention has deleted meanwhile are not missed.
seastar::future<> partition_log::compaction_pass::over_frames(part_ptr p, each_frame each) {
  if (gone(p)) co_return;
  part_end_ = p->index.totals().next_index;
  frame_source in(log_.shared_.files, p->file->path(), p->header.salt, p->file->end());
  std::exception_ptr failed;
  try {
    while (auto frame = co_await in.next()) {
      co_await moved(in.take_read());
      if (!co_await each(std::move(*frame))) break;
      co_await seastar::coroutine::maybe_yield();
    }
  } catch (...) {
    failed = std::current_exception();
  }
  co_await in.close();
  go_on();
  if (failed && !gone(p)) std::rethrow_exception(failed);
}

record::batch_header partition_log::compaction_pass::read_header(const whole_frame& frame) const {
  const auto batch = record::read_batch_header(frame.body);
  if (!batch)
    throw std::runtime_error(fmt::format("the batch at offset {} can't be read ({})",
                                         frame.head.base_offset, record::describe(batch.error())));
  return *batch;
}

seastar::future<> partition_log::compaction_pass::read_keys() {
  for (auto i = dirty_; i + 1 < parts_.size() && rules_.end == bound_; ++i) {
    co_await over_frames(parts_[i],
                         [this](whole_frame frame) { return take_keys(std::move(frame)); });
  }
}

// False: the table is full.
seastar::future<bool> partition_log::compaction_pass::take_keys(whole_frame frame) {
  if (frame.head.kind != log::frame_kind::batch || frame.head.next_offset() <= dirty_from_)
    co_return true;
  const auto batch = read_header(frame);
  if (batch.control()) co_return true;
  // What nobody may read replaces nothing.
  const auto ended = ending_of(batch);
  if (ended == ending::aborted || ended == ending::unknown) co_return true;
  record::record_reader reader(batch, frame.body, unpacked_max);
  record::record r;
  for (int n = 1;; ++n) {
    const auto more = reader.next(r);
    if (!more)
      throw std::runtime_error(fmt::format("the batch at offset {} can't be read ({})",
                                           frame.head.base_offset, record::describe(more.error())));
    if (!*more) co_return true;
    if (r.offset >= dirty_from_ && r.key && !keys_.put(r.key->view(), r.offset)) {
      rules_.end = r.offset;
      co_return false;
    }
    if (n % records_at_once == 0) co_await seastar::coroutine::maybe_yield();
  }
}

// Of a producer's batches below the bound the last one tells its sequence; the last of all takes a
// reader who stands in a hole to the end of it.
bool partition_log::compaction_pass::entry_stays(const log::frame_head& head,
                                                 const record::batch_header& batch) const {
  if (head.next_offset() == bound_) return true;
  if (!batch.has_producer()) return false;
  const auto* state = log_.producers_.find(batch.producer);
  if (!state) return false;
  if (batch.control()) return state->marked_at == head.index;
  for (auto i = state->count; i > 0; --i) {
    const auto& known = state->batches[i - 1];
    if (known.index < bound_index_) return known.index == head.index;
  }
  return false;
}

seastar::future<partition_log::compaction_pass::fate> partition_log::compaction_pass::judge(
    whole_frame frame) {
  // Votes: the header has the last one. Raft's other frames stay: terms begin with them.
  if (frame.head.kind == log::frame_kind::vote) co_return fate{.changed = true};
  if (frame.head.kind != log::frame_kind::batch) co_return fate{.frame = std::move(frame)};
  const auto batch = read_header(frame);
  const auto ended = ending_of(batch);
  if (ended == ending::unknown) {
    fate stays{.time = time_of(&batch),
               .records_in = batch.record_count,
               .records_out = batch.record_count};
    stays.frame = std::move(frame);
    note(batch, stays);
    co_return stays;
  }
  // The last of a file shows that all before it was committed: none ends in a hole.
  const bool ends_part = frame.head.index + 1 == part_end_;
  const bool stays = entry_stays(frame.head, batch);
  rules_.keep_header = stays || ends_part;
  rules_.keep_tombstones = frame.head.index > work_.bounds.everyone;
  rules_.aborted = ended == ending::aborted;
  rules_.marker_alone = batch.control() && !with_records_.contains(batch.producer);
  record::batch_filter filter(batch, frame.body, rules_);
  while (true) {
    const auto done = filter.step();
    if (!done)
      throw std::runtime_error(fmt::format("the batch at offset {} can't be read ({})",
                                           frame.head.base_offset, record::describe(done.error())));
    if (*done) break;
    co_await seastar::coroutine::maybe_yield();
    go_on();
  }
  auto left = filter.take();
  fate f{.records_in = batch.record_count,
         .records_out = left.kept,
         .changed = left.fate != record::batch_fate::same,
         .forgot = left.forgot};
  if (left.fate == record::batch_fate::dropped) {
    note(batch, f);
    co_return f;
  }
  const auto header = record::read_batch_header(left.batch);
  weir_check(header.has_value(), "own batch at {} does not decode", frame.head.base_offset);
  f.time = time_of(&*header);
  f.frame = whole_frame{.head = frame.head, .body = std::move(left.batch)};
  f.frame->head.body_size = static_cast<std::uint32_t>(f.frame->body.size());
  f.frame->head.body_crc = header->crc;
  f.only_ends = !stays && header->record_count == 0;
  note(batch, f);
  co_return f;
}

log::segment_facts partition_log::compaction_pass::facts_of(const part& p) {
  log::segment_facts facts{.first_index = p.header.first_index,
                           .first_offset = p.header.first_offset,
                           .created = p.header.created};
  facts.update(p.index.totals());
  return facts;
}

bool partition_log::compaction_pass::joins(std::size_t next, log_index first_index,
                                           std::uint64_t written) const {
  return next + 1 < parts_.size() && parts_[next]->header.first_offset < covered() &&
         log::joins_file(facts_of(*parts_[next]), first_index, written, work_.segment_bytes);
}

seastar::future<std::size_t> partition_log::compaction_pass::rewrite(std::size_t first) {
  go_on();
  const auto p = parts_[first];
  if (gone(p)) co_return first + 1;
  const bool lone = !joins(first + 1, p->header.first_index, p->file->end());
  const auto with_records = with_records_;
  if (lone && !co_await would_change(p)) co_return first + 1;
  with_records_ = with_records;
  markers_gone_.clear();
  unfinished_ = log_.path(log::segment_file_name(p->header.first_index) + ".new");
  auto header = p->header;
  header.salt = log_.shared_.random();
  header.compacted.reset();
  segment_writer out(log_.shared_.files, unfinished_, header);
  std::size_t next = first + 1;  // where the first ones were deleted, the others have their turn
  std::exception_ptr failed;
  try {
    const auto g = co_await copy(first, out);
    if (co_await switch_to(g, out)) {
      next = first + g.parts.size();
    } else {
      with_records_ = with_records;
      co_await remove_unfinished();
    }
  } catch (...) {
    failed = std::current_exception();
  }
  co_await out.close();
  if (failed) std::rethrow_exception(failed);
  co_return next;
}

// A lone segment that would stay as it is is not written.
seastar::future<bool> partition_log::compaction_pass::would_change(part_ptr p) {
  preview seen;
  co_await over_frames(
      p, [this, &seen](whole_frame frame) { return look_at(std::move(frame), seen); });
  if (!seen.changed) {
    figures_.bytes_in += frames_size(p->file->end());
    figures_.bytes_out += frames_size(p->file->end());
    figures_.records_in += seen.records;
    figures_.records_out += seen.records;
  }
  co_return seen.changed;
}

seastar::future<bool> partition_log::compaction_pass::look_at(whole_frame frame, preview& seen) {
  const auto f = co_await judge(std::move(frame));
  seen.changed = f.changed;
  seen.records += static_cast<std::uint64_t>(f.records_in);
  co_return !seen.changed;
}

seastar::future<bool> partition_log::compaction_pass::copy_frame(whole_frame frame,
                                                                 segment_writer& out) {
  const auto index = frame.head.index;
  auto f = co_await judge(std::move(frame));
  figures_.records_in += static_cast<std::uint64_t>(f.records_in);
  figures_.records_out += static_cast<std::uint64_t>(f.records_out);
  if (f.forgot) forgotten_ = std::max(forgotten_, index);
  if (f.only_ends) {
    end_of_part_ = std::move(f);
  } else if (f.frame) {
    co_await out.add(f.frame->head, std::move(f.frame->body), f.time);
  }
  co_await moved(out.take_written());
  co_return true;
}

seastar::future<partition_log::compaction_pass::group> partition_log::compaction_pass::copy(
    std::size_t first, segment_writer& out) {
  group g;
  auto next = first;
  do {
    end_of_part_.reset();  // something follows it in the file
    g.parts.push_back(parts_[next]);
    co_await over_frames(parts_[next], [this, &out](whole_frame frame) {
      return copy_frame(std::move(frame), out);
    });
    figures_.bytes_in += frames_size(parts_[next]->file->end());
    ++next;
  } while (joins(next, out.header().first_index, out.end()));
  if (const auto last = std::exchange(end_of_part_, {}))
    co_await out.add(last->frame->head, last->frame->body, last->time);
  g.next = parts_[next];
  for (const auto& p : g.parts) out.created(p->header.created);
  out.forgot(std::max(forgotten_, log_.forgotten_));
  out.voted(g.next->header.last_vote);
  const auto& last = g.parts.back()->index.totals();
  co_await out.finish({.next_index = last.next_index,
                       .next_offset = last.next_offset,
                       .last_term = g.next->header.term});
  co_await moved(out.take_written());
  co_return g;
}

// Where its segments are, if none of them was deleted or cut meanwhile, and one follows.
std::optional<std::size_t> partition_log::compaction_pass::still_there(const group& g) const {
  const auto& parts = log_.parts_;
  const auto first = std::ranges::find(parts, g.parts.front());
  const auto at = static_cast<std::size_t>(first - parts.begin());
  if (at + g.parts.size() >= parts.size()) return std::nullopt;
  for (std::size_t i = 0; i < g.parts.size(); ++i) {
    if (parts[at + i] != g.parts[i] || !g.parts[i]->finished) return std::nullopt;
  }
  return at;
}

seastar::future<bool> partition_log::compaction_pass::switch_to(const group& g,
                                                                segment_writer& out) {
  const auto lock = co_await seastar::get_units(log_.files_lock_, 1);
  go_on();
  const auto at = still_there(g);
  if (!at) co_return false;
  auto& files = log_.shared_.files;
  // Readers of the old files, and those that come before the names change, stay with them.
  for (const auto& p : g.parts) co_await p->file->hold_open();
  const auto name = log_.path(log::segment_file_name(out.header().first_index));
  auto fresh = seastar::make_lw_shared<part>(
      out.header(), seastar::make_lw_shared<segment>(log_.shared_.open, name, log_.shared_.cache,
                                                     log_.reads_, true, out.end()));
  fresh->index = out.index();
  fresh->on_disk = fresh->sealed = fresh->finished = true;
  fresh->flushed = fresh->settled = fresh->covered = out.end();
  co_await files.rename(unfinished_, name);
  unfinished_.clear();
  // No wait before memory says the same as the directory, and whoever ships entries what they lack.
  log_.forgotten_ = std::max(log_.forgotten_, forgotten_);
  log_.segments_.replace(*at, g.parts.size(), facts_of(*fresh));
  const auto first = log_.parts_.begin() + static_cast<std::ptrdiff_t>(*at);
  *first = fresh;
  log_.parts_.erase(first + 1, first + static_cast<std::ptrdiff_t>(g.parts.size()));
  for (const auto at : markers_gone_) log_.producers_.forget_aborted(at);
  replaced_.insert(replaced_.end(), g.parts.begin(), g.parts.end());
  figures_.bytes_out += frames_size(out.end());

  co_await files.sync_directory(log_.directory_);
  const auto side = co_await seastar::get_units(log_.side_lock_, 1);
  if (g.parts.size() > 1) {
    for (std::size_t i = 1; i < g.parts.size(); ++i)
      co_await log_.remove_files(g.parts[i]->header.first_index);
    co_await files.sync_directory(log_.directory_);
  }
  co_await log_.write_index(*fresh);
  co_return true;
}

seastar::future<> partition_log::compaction_pass::close() {
  for (auto& p : replaced_) co_await retire(p);
  replaced_.clear();
  try {
    co_await remove_unfinished();
  } catch (...) {
    store_log.debug("{} stays until the next start: {}", unfinished_, std::current_exception());
  }
}

seastar::future<> partition_log::compaction_pass::remove_unfinished() {
  if (unfinished_.empty()) co_return;
  auto& files = log_.shared_.files;
  if (co_await files.exists(unfinished_)) co_await files.remove(unfinished_);
  unfinished_.clear();
}

}  // namespace weir::store
