// Making a partition's log durable: through the journal, or in its own files.
#include <seastar/core/coroutine.hh>

#include <algorithm>

#include "core/log/checkpoint.h"
#include "engine/store/recovery.h"
#include "engine/store/store_log.h"

namespace weir::store {

seastar::future<> partition_log::flush_loop() {
  while (true) {
    // Retention and the journal bring bytes to the files too.
    if (dirty() == 0) refused_.reset();
    co_await wake_.wait([this] { return stopping_ || dirty() > 0; });
    if (dirty() == 0) {
      if (stopping_) co_return;
      continue;  // a truncation took it back
    }
    std::string full;
    try {
      co_await flush_once();
    } catch (const no_space& e) {
      full = e.what();
    }
    if (full.empty()) refused_.reset();
    if (failed_) co_return;
    if (full.empty()) continue;
    if (stopping_) {
      store_log.warn("{}: {} bytes that nobody was promised could not be written: {}",
                     identity_.name, dirty(), full);
      refused_.reset();
      co_return;
    }
    // Nothing of it is in doubt: it is all in memory, and written again from where the file ends.
    if (!refused_) refused_.emplace(shared_.space);
    drained_.broadcast();
    co_await refused_->wait(!identity_.topic_id.is_zero(), stopping_);
  }
}

seastar::future<> partition_log::flush_once() {
  const auto lock = co_await seastar::get_units(files_lock_, 1);
  // Who held the lock may have written it, taken it back, or failed.
  if (failed_ || dirty() == 0) co_return;
  const auto started = std::chrono::steady_clock::now();
  std::exception_ptr failed;
  try {
    if (!co_await flush_to_journal()) co_await flush_to_files();
  } catch (const no_space&) {
    throw;
  } catch (...) {
    failed = std::current_exception();
  }
  if (failed) {
    // While the lock is held: who waits for it must not flush once more, and be believed.
    fail(failed);
    co_return;
  }
  ++figures_.flushes;
  figures_.flush_seconds +=
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
}

bool partition_log::small_enough_to_journal() const {
  if (!shared_.small_writes || parts_.empty() || dirty() > journaled_bytes_max) return false;
  return parts_.size() == 1 || parts_[parts_.size() - 2]->finished;
}

log::journal_entry partition_log::entry_of(const part& p, std::uint64_t at,
                                           log::journal_kind kind) const {
  return {.topic = identity_.topic_id,
          .partition = identity_.partition,
          .kind = kind,
          .segment = p.header.first_index,
          .salt = p.header.salt,
          .at = position(at)};
}

seastar::future<bool> partition_log::flush_to_journal() {
  if (!small_enough_to_journal()) co_return false;
  const auto p = parts_.back();
  if (!p->on_disk) {
    co_await create(*p);
    // While that went on, much may have been appended, or a segment begun.
    if (!small_enough_to_journal() || p != parts_.back()) co_return false;
  }
  const auto through = here();
  const auto end = p->file->end();
  // A start puts it into the file, and must not need room for that.
  co_await p->file->take_room(end);
  // Settling may have come that far, or further, meanwhile; the segment knows it first.
  const auto from = std::max(p->flushed, p->file->flushed());
  if (from < end) {
    auto entry = entry_of(*p, from, log::journal_kind::bytes);
    entry.size = static_cast<std::uint32_t>(end - from);
    journaled_ = in_journal_ = true;
    try {
      co_await shared_.small_writes->append(*this, entry, p->file->not_flushed(from, end));
    } catch (const journal_unavailable&) {
      co_return false;  // the files are always there
    }
    p->flushed = std::max(p->flushed, end);
  }
  flushed(through);
  co_return true;
}

seastar::future<> partition_log::flush_to_files() {
  const auto through = here();
  // Taken now: when all of it is durable, more will have been appended.
  auto side = side_files_due();
  // In order: a later segment has nothing on disk before the earlier ones are whole.
  for (std::size_t i = 0; i < parts_.size();) {
    const auto p = parts_[i];
    co_await flush_part(p);
    // It may have been sealed with more in it before this went on.
    if (p->finished || !p->sealed) ++i;
  }
  if (std::exchange(in_journal_, false)) shared_.small_writes->settled(*this);
  flushed(through);
  if (side) checkpoint_later(std::move(*side));
}

seastar::future<> partition_log::flush_part(part_ptr p) {
  if (p->finished) co_return;
  const auto writing = co_await seastar::get_units(write_lock_, 1);
  if (!p->on_disk) co_await create(*p);
  // Once more where it was sealed meanwhile with more in it.
  do {
    const auto end = p->file->end();
    if (p->settled == end) break;
    co_await p->file->write_out();
    co_await p->file->flush();
    p->settled = p->flushed = end;
  } while (p->sealed);
  if (p->sealed) co_await finish(*p);
}

void partition_log::flushed(const reach& through) {
  if (through.bytes < flushed_bytes_) return;  // settling went further meanwhile
  shared_.dirty -= through.bytes - flushed_bytes_;
  flushed_bytes_ = through.bytes;
  durable_reach_ = through;
  drained_.broadcast();
  durable_.advance(through.index);
  if (on_durable_) on_durable_(through.index);
}

seastar::future<> partition_log::settle() {
  const auto running = fibers_.hold();
  {
    const auto writing = co_await seastar::get_units(write_lock_, 1);
    if (failed_) throw std::runtime_error(identity_.name + ": failed before");
    if (!in_journal_) co_return;
    const auto p = parts_.back();
    if (p->on_disk && (parts_.size() == 1 || parts_[parts_.size() - 2]->finished)) {
      co_await or_fail(settle_active(p));
      co_return;
    }
  }
  const auto lock = co_await seastar::get_units(files_lock_, 1);
  if (failed_) throw std::runtime_error(identity_.name + ": failed before");
  if (in_journal_) co_await bring_to_files();
}

// Beside the flushes into the journal, which hold files_lock_: nothing here may take it, or who
// produces would wait for the whole of it. What is appended meanwhile stays in the journal.
seastar::future<> partition_log::settle_active(part_ptr p) {
  const auto through = here();
  const auto end = p->file->end();
  if (p->settled == end) co_return;
  auto side = side_files_due();
  co_await p->file->write_out(end);
  co_await p->file->flush();
  p->settled = end;
  // Position and index together: a checkpoint tells both, and a start goes by them.
  p->flushed = std::max(p->flushed, end);
  flushed(through);
  if (side) checkpoint_later(std::move(*side));
}

// The two journals' records have no order between them. What is committed stays as it is, so that
// putting it back once more changes nothing; the rest is taken back by cuts.
seastar::future<> partition_log::leave_journal(log_index committed) {
  if (parts_.empty() || !journaled_) co_return;
  const auto lock = co_await seastar::get_units(files_lock_, 1);
  co_await or_fail(flush_to_files());
  for (const auto& p : parts_) {
    const bool may_be_cut = p == parts_.back() || p->index.totals().next_index > committed + 1;
    if (!may_be_cut || !p->on_disk) continue;
    in_journal_ = true;
    co_await shared_.small_writes->append(*this, entry_of(*p, 0, log::journal_kind::cut), {});
  }
  if (std::exchange(in_journal_, false)) shared_.small_writes->settled(*this);
}

seastar::future<> partition_log::bring_to_files() {
  return or_fail(flush_to_files());
}

seastar::future<> partition_log::or_fail(seastar::future<> writing) {
  std::exception_ptr failed;
  try {
    co_await std::move(writing);
  } catch (const no_space&) {
    throw;
  } catch (...) {
    failed = std::current_exception();
  }
  if (!failed) co_return;
  fail(failed);
  std::rethrow_exception(failed);
}

// The header is durable before any frame is in the file: a bad header with something behind it is
// damage, one with nothing behind it a file whose making was cut short.
seastar::future<> partition_log::create(part& p) {
  if (&p == &*parts_.front()) co_await shared_.files.make_directories(directory_);
  co_await p.file->write_out(log::segment_header_size);
  co_await p.file->flush();
  if (p.header.first_index != start_index_ || !parts_.front()->on_disk) {
    co_await replace_small(shared_.files, path(producers_file_name(p.header.first_index)),
                           p.producers.str());
  }
  co_await shared_.files.sync_directory(directory_);
  p.producers = {};
  p.on_disk = true;
  p.flushed = p.settled = log::segment_header_size;
}

seastar::future<> partition_log::finish(part& p) {
  co_await p.file->seal();
  const auto lock = co_await seastar::get_units(side_lock_, 1);
  co_await write_index(p);
  p.finished = true;
}

// Before an index: one is believed only as far as the terms of what it covers are known, and with
// it a start does not see the votes and configurations that it covers.
seastar::future<> partition_log::write_terms() {
  co_await write_group();
  const auto latest = terms_.latest();
  if (latest == terms_stored_) co_return;
  co_await replace_small(shared_.files, path(terms_file_name), terms_.encode());
  terms_stored_ = latest;
}

seastar::future<> partition_log::write_index(part& p) {
  co_await write_terms();
  co_await replace_small(shared_.files, path(log::index_file_name(p.header.first_index)),
                         p.index.encode(p.header.salt));
  p.covered = p.index.totals().end.value();
}

std::optional<partition_log::side_files> partition_log::side_files_due() const {
  if (parts_.empty() || checkpointing_) return {};
  const auto& p = parts_.back();
  if (p->file->end() - p->covered < shared_.checkpoint_bytes) return {};
  return side_files_now();
}

partition_log::side_files partition_log::side_files_now() const {
  const auto& p = parts_.back();
  return {.of = p,
          .end = p->index.totals().end.value(),
          .index = p->index.encode(p->header.salt),
          .producers = producers_.encode(last_index_)};
}

// Beside the flushes, which need not wait for it.
void partition_log::checkpoint_later(side_files now) {
  if (stopping_) return;
  checkpointing_ = true;
  fibers_.spawn("checkpoint", [this, kept = std::move(now)]() mutable {
    return write_side_files_and_checkpoint(std::move(kept));
  });
}

seastar::future<> partition_log::write_side_files_and_checkpoint(side_files now) {
  try {
    co_await write_side_files(std::move(now));
    co_await write_checkpoint(false);
  } catch (...) {
    store_log.warn(
        "{}: a checkpoint could not be written ({}): after a crash the next start scans "
        "more",
        identity_.name, std::current_exception());
  }
  checkpointing_ = false;
}

seastar::future<> partition_log::write_side_files(side_files now) {
  const auto lock = co_await seastar::get_units(side_lock_, 1);
  part& p = *now.of;
  // A truncation that failed is finished by the next start: nothing may say more than is left then.
  if (failed_) co_return;
  // Truncated, finished or deleted since: what was taken says too much or too little.
  const bool there = std::ranges::find(parts_, now.of) != parts_.end();
  if (!there || p.finished || p.index.totals().end.value() < now.end) co_return;
  co_await write_terms();
  co_await replace_small(shared_.files, path(latest_producers_file_name), now.producers.str());
  co_await replace_small(shared_.files, path(log::index_file_name(p.header.first_index)),
                         std::move(now.index));
  p.covered = now.end;
}

// Before the segment is cut: with frames that will be written in their place these files would be
// wrong, not merely old. The checkpoint goes first: it is what may find no room.
seastar::future<> partition_log::forget_side_files(part& p, log_index last) {
  auto c = checkpoint_now();
  c.active_salt = 0;  // speaks of no segment; where the log starts stays known
  co_await store_checkpoint(c);
  p.covered = log::segment_header_size;
  terms_stored_.reset();
  // Producers as of the segment's start stay true; those of a checkpoint where it was before the
  // cut.
  for (const auto& name :
       {std::string(latest_producers_file_name), producers_file_name(p.header.first_index)}) {
    const auto known = co_await read_producers(name);
    if ((!known || known->covers > last) && co_await shared_.files.exists(path(name)))
      co_await shared_.files.remove(path(name));
  }
  const auto index = path(log::index_file_name(p.header.first_index));
  if (co_await shared_.files.exists(index)) co_await shared_.files.remove(index);
  co_await shared_.files.sync_directory(directory_);
}

seastar::future<> partition_log::write_checkpoint(bool clean) {
  const auto lock = co_await seastar::get_units(side_lock_, 1);
  if (failed_) co_return;
  auto c = checkpoint_now();
  c.clean = clean;
  co_await store_checkpoint(c);
}

log::checkpoint partition_log::checkpoint_now() const {
  log::checkpoint c{.flushed_index = durable_reach_.index,
                    .next_offset = durable_reach_.next_offset,
                    .last_term = durable_reach_.term,
                    .start_index = start_index_,
                    .start_offset = start_offset_,
                    .written = shared_.now()};
  if (!parts_.empty()) {
    c.active_salt = parts_.back()->header.salt;
    c.active_first_index = parts_.back()->header.first_index;
    c.flushed_through =
        position(std::max<std::uint64_t>(parts_.back()->flushed, log::segment_header_size));
  }
  return c;
}

seastar::future<> partition_log::store_checkpoint(log::checkpoint c) {
  const auto encoded = log::encode(c);
  co_await replace_small(shared_.files, path(checkpoint_file_name),
                         std::string(encoded.data(), encoded.size()));
}

}  // namespace weir::store
