// Making a partition's log durable: through the journal, or in its own files.
#include <seastar/core/coroutine.hh>

#include "core/log/checkpoint.h"
#include "engine/store/partition_log.h"
#include "engine/store/store_log.h"

namespace weir::store {

seastar::future<> partition_log::flush_loop() {
  while (true) {
    co_await wake_.wait([this] { return stopping_ || dirty() > 0; });
    if (dirty() == 0) {
      if (stopping_) co_return;
      continue;  // a truncation took it back
    }
    std::exception_ptr failed;
    try {
      co_await flush_once();
    } catch (...) {
      failed = std::current_exception();
    }
    if (failed) {
      fail(failed);
      co_return;
    }
  }
}

seastar::future<> partition_log::flush_once() {
  const auto lock = co_await seastar::get_units(files_lock_, 1);
  const auto started = std::chrono::steady_clock::now();
  if (!co_await flush_to_journal()) co_await flush_to_files();
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
  const auto through = last_index_;
  const auto bytes = appended_bytes_;
  const auto end = p->file->end();
  auto entry = entry_of(*p, p->flushed, log::journal_kind::bytes);
  entry.size = static_cast<std::uint32_t>(end - p->flushed);
  journaled_ = in_journal_ = true;
  try {
    co_await shared_.small_writes->append(*this, entry, p->file->unwritten(p->flushed, end));
  } catch (const journal_unavailable&) {
    co_return false;  // the files are always there
  }
  p->flushed = end;
  flushed(through, bytes);
  co_return true;
}

seastar::future<> partition_log::flush_to_files() {
  const auto through = last_index_;
  const auto bytes = appended_bytes_;
  // In order: a later segment has nothing on disk before the earlier ones are whole.
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    auto p = parts_[i];
    if (p->finished) continue;
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
  if (std::exchange(in_journal_, false)) shared_.small_writes->settled(*this);
  flushed(through, bytes);
}

void partition_log::flushed(log_index through, std::uint64_t bytes) {
  shared_.dirty -= bytes - flushed_bytes_;
  flushed_bytes_ = bytes;
  drained_.broadcast();
  if (through > durable_.reached()) {
    durable_.advance(through);
    if (on_durable_) on_durable_(through);
  }
}

seastar::future<> partition_log::settle() {
  const auto running = fibers_.hold();
  const auto lock = co_await seastar::get_units(files_lock_, 1);
  if (failed_) throw std::runtime_error(identity_.name + ": failed before");
  if (!in_journal_) co_return;
  std::exception_ptr failed;
  try {
    co_await flush_to_files();
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
    fragments snapshot = std::exchange(p.producers, {});
    co_await replace_small(shared_.files, path(producers_file_name(p.header.first_index)),
                           snapshot.str());
  }
  co_await shared_.files.sync_directory(directory_);
  p.on_disk = true;
  p.flushed = p.settled = log::segment_header_size;
}

seastar::future<> partition_log::finish(part& p) {
  co_await p.file->seal();
  co_await write_index(p);
  p.finished = true;
}

seastar::future<> partition_log::write_index(part& p) {
  co_await replace_small(shared_.files, path(terms_file_name), terms_.encode());
  co_await replace_small(shared_.files, path(log::index_file_name(p.header.first_index)),
                         p.index.encode(p.header.salt));
}

seastar::future<> partition_log::write_checkpoint(bool clean) {
  log::checkpoint c{.clean = clean,
                    .flushed_index = durable_.reached(),
                    .next_offset = next_offset_,
                    .last_term = last_term_,
                    .start_index = start_index_,
                    .start_offset = start_offset_,
                    .written = shared_.now()};
  if (!parts_.empty()) {
    c.active_salt = parts_.back()->header.salt;
    c.active_first_index = parts_.back()->header.first_index;
    c.flushed_through =
        position(std::max<std::uint64_t>(parts_.back()->flushed, log::segment_header_size));
  }
  const auto encoded = log::encode(c);
  co_await replace_small(shared_.files, path(checkpoint_file_name),
                         std::string(encoded.data(), encoded.size()));
}

}  // namespace weir::store
