// Opening a partition's directory: what is there, what of it is whole, what was promised.
//
// A segment's index file spares the scan of what it covers; behind that every frame is read and its
// checksum computed. A torn tail of the last segment was never acknowledged and is cut off;
// anything else that does not check is damage, and opening fails rather than guess (HOUSE rule:
// repair from a replica).
#include <seastar/core/aligned_buffer.hh>
#include <seastar/core/coroutine.hh>
#include <seastar/coroutine/maybe_yield.hh>

#include <algorithm>
#include <stdexcept>

#include "core/log/checkpoint.h"
#include "core/log/cleaner_checkpoint.h"
#include "core/log/scan.h"
#include "engine/runtime/scheduling.h"
#include "engine/store/finish_cut.h"
#include "engine/store/finish_reset.h"
#include "engine/store/recovery.h"
#include "engine/store/store_log.h"

namespace weir::store {
namespace {

constexpr std::size_t window_size = 128 * 1024;

}  // namespace

seastar::future<std::unique_ptr<partition_log>> partition_log::open(shared_store& shared,
                                                                    log_identity identity,
                                                                    std::string directory,
                                                                    log::roll_rules rules,
                                                                    std::size_t producers_max) {
  std::unique_ptr<partition_log> opened(
      new partition_log(shared, std::move(identity), std::move(directory), rules, producers_max));
  recovery r(*opened, producers_max);
  std::exception_ptr failed;
  try {
    // A partition that never held anything has no directory: its first flush makes it.
    if (co_await shared.files.exists(opened->directory_)) co_await r.run();
  } catch (...) {
    failed = std::current_exception();
  }
  if (failed) {
    for (auto& p : opened->parts_) co_await p->file->close();
    std::rethrow_exception(failed);
  }
  opened->durable_.advance(opened->last_index_);
  opened->durable_reach_ = opened->here();
  auto* self = opened.get();
  self->fibers_.spawn("flush", [self] { return self->flush_loop(); }, groups().produce);
  co_return std::move(opened);
}

seastar::future<> partition_log::recovery::run() {
  if (const auto why =
          co_await read_small(log.shared_.files, log.path(damage_file_name), 64 << 10)) {
    throw std::runtime_error(fmt::format(
        "{}: found damaged at an earlier start, its end is missing: {}; restore it from a replica "
        "or a backup, or remove {} to give up what it held",
        log.identity_.name, why->substr(0, why->find('\n')), log.path(damage_file_name)));
  }
  co_await finish_reset(log.shared_.files, log.directory_, log.identity_.topic_id,
                        log.identity_.partition);
  co_await finish_cut(log.shared_.files, log.directory_);
  const auto firsts = co_await segments();
  co_await load_group();
  co_await load_side_files(firsts);
  for (std::size_t i = 0; i < firsts.size(); ++i) {
    if (!co_await open_part(firsts[i], i + 1 == firsts.size())) break;
  }
  if (checkpoint) {
    log.start_offset_ = std::max(log.start_offset_, checkpoint->start_offset);
    log.start_index_ = std::max(log.start_index_, checkpoint->start_index);
  }
  if (!log.parts_.empty()) {
    log.start_offset_ = std::max(log.start_offset_, log.parts_.front()->header.first_offset);
    log.producers_.trim(log.start_offset_);
    log.start_index_ = std::max(log.start_index_, log.parts_.front()->header.first_index);
    log.forget_before_first_part();
    if (log.terms_ == stored_terms) log.terms_stored_ = log.terms_.latest();
    log.first_dirty_ = std::min(log.first_dirty_, log.next_offset_);
    co_await make_durable();
    co_await begin_appending();
  }
  // A deletion that was cut short: its segments go now.
  std::size_t below = 0;
  while (below + 1 < log.parts_.size() && log.segments_[below].next_index <= log.start_index_)
    ++below;
  if (below > 0) co_await log.drop_front(below);
  co_await write_what_was_missing();
}

// What this start had to work out is there for the next one, if there is room for it.
seastar::future<> partition_log::recovery::write_what_was_missing() {
  try {
    for (std::size_t i = 0; i + 1 < log.parts_.size(); ++i) {
      auto p = log.parts_[i];
      if (p->covered != p->file->end()) co_await log.write_index(*p);
    }
    if (log.parts_.empty()) co_return;
    const auto& p = *log.parts_.back();
    if (!p.on_disk) co_return;
    if (!rebuilt && p.file->end() - p.covered < log.shared_.checkpoint_bytes) co_return;
    co_await log.write_side_files(log.side_files_now());
    log.durable_reach_ = log.here();
    co_await log.write_checkpoint(false);
  } catch (const no_space& e) {
    store_log.info("{}: what this start found is not written down: {}", log.identity_.name,
                   e.what());
  }
}

// Nothing: it is not there, or holds less than its size says; then a warning is given.
seastar::future<std::optional<std::string>> partition_log::recovery::side_file(std::string name) {
  std::optional<std::string> file;
  try {
    file = co_await read_small(log.shared_.files, log.path(name), side_file_max);
  } catch (const std::runtime_error& e) {
    store_log.warn("{}: {}", log.identity_.name, e.what());
    rebuilt = true;
  }
  co_return file;
}

void partition_log::recovery::damaged_side_file(const std::string& name, log::log_error error) {
  if (error == log::log_error::newer_version) {
    throw std::runtime_error(
        fmt::format("{}: {} was written by a later version of Weir: start that "
                    "one, or remove the file to have it made again",
                    log.identity_.name, log.path(name)));
  }
  store_log.warn("{}: {} is damaged ({}): it is made again from the segments", log.identity_.name,
                 log.path(name), log::name(error));
  rebuilt = true;
}

// The process may have been killed between a write and its flush: what is taken for durable from
// now on, files and folders, is made so first.
seastar::future<> partition_log::recovery::make_durable() {
  const part& last = *log.parts_.back();
  // Closed in order, with nothing behind it since.
  const bool known = checkpoint && checkpoint->clean &&
                     checkpoint->active_salt == last.header.salt &&
                     checkpoint->flushed_through.value() >= last.file->end();
  if (known) co_return;
  co_await log.shared_.files.sync_directory(log.directory_);
  co_await last.file->flush();
}

// The last whole one is appended to, also where an unfinished one behind it was removed.
seastar::future<> partition_log::recovery::begin_appending() {
  auto& last = *log.parts_.back();
  if (last.header.compacted) {
    log.roll(log.shared_.now());
    co_return;
  }
  if (!last.index.complete()) {
    last.index = log::segment_index(last.header.first_index, last.header.first_offset);
    log.last_index_ = last.header.first_index - 1;
    log.next_offset_ = last.header.first_offset;
    log.terms_.truncate(last.header.first_index);
    log.forget_group_behind(log.last_index_);
    const auto size = block_ceil(last.file->end());
    co_await take_index(last, size);
    co_await scan(last, size, true);
  }
  last.sealed = last.finished = false;
  co_await last.file->prepare_append();
}

seastar::future<std::vector<log_index>> partition_log::recovery::segments() {
  std::vector<log_index> firsts;
  const auto names = co_await log.shared_.files.list(log.directory_);
  for (const auto& name : names) {
    if (const auto first = log::parse_segment_file_name(name)) firsts.push_back(*first);
    // What was not finished: side files, and segments that compaction was writing.
    if (name.ends_with(".new")) co_await log.shared_.files.remove(log.path(name));
    if (name.ends_with(deleted_suffix)) {
      if (log.shared_.remover) {
        log.shared_.remover->remove(log.path(name));
      } else {
        co_await log.shared_.files.remove(log.path(name));
      }
    }
  }
  std::ranges::sort(firsts);
  // A crash while a segment was removed leaves what belonged to it.
  for (const auto& name : names) {
    if (!name.ends_with(".idx") && !name.ends_with(".producers")) continue;
    const auto of = log::parse_segment_file_name(name.substr(0, name.find('.')) + ".log");
    if (of && !std::ranges::binary_search(firsts, *of))
      co_await log.shared_.files.remove(log.path(name));
  }
  co_return firsts;
}

seastar::future<> partition_log::recovery::load_side_files(const std::vector<log_index>& firsts) {
  if (const auto file = co_await side_file(checkpoint_file_name)) {
    if (const auto c = log::decode_checkpoint(*file)) {
      checkpoint = *c;
    } else {
      damaged_side_file(checkpoint_file_name, c.error());
      store_log.warn("{}: records that were deleted by request may be seen again",
                     log.identity_.name);
    }
  }
  if (const auto file = co_await side_file(terms_file_name)) {
    if (auto t = log::term_map::decode(*file)) {
      stored_terms = std::move(*t);
    } else {
      damaged_side_file(terms_file_name, t.error());
    }
  }
  if (const auto file =
          co_await read_small(log.shared_.files, log.path(cleaner_file_name), side_file_max)) {
    if (const auto c = log::decode_cleaner_checkpoint(*file)) log.first_dirty_ = c->first_dirty;
  }
  co_await load_producers(firsts);
  if (producers_cover == log_index{} && !firsts.empty() && firsts.front() > log_index(1)) {
    store_log.warn(
        "{}: no producer snapshot is left: idempotent producers are known only from what is stored",
        log.identity_.name);
  }
}

// The newest snapshot that is whole; older ones only cost a longer scan.
seastar::future<> partition_log::recovery::load_producers(const std::vector<log_index>& firsts) {
  co_await take_producers(latest_producers_file_name);
  for (const auto first : firsts | std::views::reverse) {
    if (producers_cover + 1 >= first) break;
    if (co_await take_producers(producers_file_name(first))) break;
  }
}

seastar::future<bool> partition_log::recovery::take_producers(std::string name) {
  const auto file = co_await side_file(name);
  if (!file) co_return false;
  auto read = log::producer_sequences::decode(fragments::copy(*file), producers_max);
  if (!read) {
    damaged_side_file(name, read.error());
    co_return false;
  }
  log.take_producers(std::move(read->producers));
  producers_cover = read->covers;
  co_return true;
}

// False: the file was one whose making was cut short, and is gone.
seastar::future<bool> partition_log::recovery::open_part(log_index first, bool last) {
  auto& fs = log.shared_.files;
  const auto path = log.path(log::segment_file_name(first));
  if (!log.parts_.empty() && log.parts_.back()->header.compacted && first <= log.last_index_) {
    store_log.info("{}: {} was compacted into {}: removed", log.identity_.name, path,
                   log.parts_.back()->file->path());
    co_await log.remove_files(first);
    co_await fs.sync_directory(log.directory_);
    co_return true;
  }
  auto f = co_await fs.open_read_only(path);
  const auto size = co_await f->size();
  auto block = seastar::allocate_aligned_buffer<char>(2 * block_size, block_size);
  const auto got = co_await f->read(0, block.get(), 2 * block_size);
  co_await f->close();
  if (got < std::min<std::uint64_t>(size, 2 * block_size))
    throw std::runtime_error(fmt::format("{}: {} can't be read", log.identity_.name, path));
  const auto header =
      log::decode_segment_header({block.get(), std::min<std::size_t>(got, block_size)});
  if (!header) {
    const auto behind =
        std::string_view(block.get(), got).substr(std::min<std::size_t>(got, block_size));
    if (last && header.error() != log::log_error::newer_version &&
        behind.find_first_not_of('\0') == std::string_view::npos) {
      store_log.info("{}: {} was never finished: removed", log.identity_.name, path);
      co_await fs.remove(path);
      co_await fs.sync_directory(log.directory_);
      co_return false;
    }
    throw std::runtime_error(
        fmt::format("{}: the header of {} is unreadable ({}); the partition is not opened",
                    log.identity_.name, path, log::name(header.error())));
  }
  if (!log.parts_.empty() && checkpoint && header->first_index > log.last_index_ + 1 &&
      header->first_index <= checkpoint->start_index)
    co_await forget_remnants();
  if (!log.parts_.empty() && header->first_index != log.last_index_ + 1) {
    throw std::runtime_error(
        fmt::format("{}: {} begins at index {}, but {} is the last one before it: a segment is "
                    "missing; the partition is not opened",
                    log.identity_.name, path, header->first_index, log.last_index_));
  }
  auto p = seastar::make_lw_shared<part>(
      *header, seastar::make_lw_shared<segment>(log.shared_.open, path, log.shared_.cache,
                                                log.reads_, true, size));
  if (log.parts_.empty()) {
    log.last_index_ = header->first_index - 1;
    log.next_offset_ = header->first_offset;
  }
  if (log.parts_.empty()) take_configurations(log_index{}, header->first_index);
  log.last_vote_ = log::later_of(log.last_vote_, header->last_vote);
  log.last_term_ = std::max(log.last_term_, header->term);
  log.forgotten_ = std::max(log.forgotten_, header->forgotten);
  p->on_disk = true;
  log.parts_.push_back(p);
  log.segments_.push_back({.first_index = header->first_index,
                           .next_index = header->first_index,
                           .first_offset = header->first_offset,
                           .next_offset = header->first_offset,
                           .created = header->created});
  if (last || !co_await take_totals(*p, size)) {
    co_await take_index(*p, size);
    co_await scan(*p, size, last);
  }
  if (p->header.compacted) take_span(*p);
  p->sealed = p->finished = !last || p->header.compacted;
  p->flushed = p->settled = p->file->end();
  log.segments_.active().update(p->index.totals());
  co_return true;
}

// A deletion that was cut short: which of its segments are gone is the device's choice, and a row
// with a gap in it would be damage anywhere else.
seastar::future<> partition_log::recovery::forget_remnants() {
  while (!log.parts_.empty()) {
    const auto p = log.parts_.back();
    log.parts_.pop_back();
    log.segments_.pop_back();
    co_await retire(p);
    co_await log.remove_files(p->header.first_index);
  }
}

// Uses the index file as far as the producer snapshot and the terms reach with it.
seastar::future<> partition_log::recovery::take_index(part& p, std::uint64_t size) {
  const auto name = log::index_file_name(p.header.first_index);
  const auto file = co_await side_file(name);
  if (!file || !stored_terms.latest()) co_return;
  auto index = log::segment_index::decode(*file, p.header.salt, p.header.first_index, size);
  const auto& span = p.header.compacted;
  // Its checksum is right: of the file that was compacted into this one.
  if (!index && span && index.error() == log::log_error::bad_field) co_return;
  if (!index) co_return damaged_side_file(name, index.error());
  if (span && index->totals().end != span->end) co_return;
  // One that was written when the terms of what is below the start were not kept.
  if (!span && !stored_terms.term_at(p.header.first_index)) co_return;
  const auto stored = index->totals().end.value();
  if (index->totals().next_index > producers_cover + 1) index->truncate(producers_cover + 1);
  take(p, std::move(*index), stored);
}

// Of a closed segment the totals are enough: true where nothing else of it has to be read now.
seastar::future<bool> partition_log::recovery::take_totals(part& p, std::uint64_t size) {
  if (!stored_terms.latest()) co_return false;
  const auto start = co_await read_small_start(
      log.shared_.files, log.path(log::index_file_name(p.header.first_index)));
  if (!start) co_return false;
  auto index = log::segment_index::decode_head(*start, p.header.salt, p.header.first_index, size);
  if (!index) co_return false;  // told when it is read as a whole
  const auto& totals = index->totals();
  const auto& span = p.header.compacted;
  if (block_ceil(totals.end.value()) != size || totals.next_index > producers_cover + 1 ||
      (!span && !stored_terms.term_at(p.header.first_index)) || (span && totals.end != span->end))
    co_return false;
  const auto end = totals.end.value();
  take(p, std::move(*index), end);
  p.file->set_end(end);
  co_return true;
}

void partition_log::recovery::take(part& p, log::segment_index index, std::uint64_t covered) {
  p.index = std::move(index);
  p.covered = covered;
  log.last_index_ = p.index.totals().next_index - 1;
  log.next_offset_ = p.index.totals().next_offset;
  take_terms(p);
  take_configurations(p.header.first_index, p.index.totals().next_index);
  if (const auto t = log.terms_.term_at(log.last_index_))
    log.last_term_ = std::max(log.last_term_, *t);
}

// Of the entries that its index covers. Those that are scanned tell theirs themselves.
void partition_log::recovery::take_terms(const part& p) {
  const auto& header = p.header;
  if (p.index.totals().next_index == header.first_index) return;
  for (const auto& e : stored_terms.entries()) {
    if (e.first_index >= p.index.totals().next_index) break;
    if (log.terms_.latest() > e.term) continue;
    const auto next = stored_terms.term_at(header.first_index);
    if (e.first_index < header.first_index && next && *next > e.term) continue;
    log.terms_.append(e.term, std::max(e.first_index, header.first_index),
                      std::max(e.first_offset, header.first_offset));
  }
}

void partition_log::recovery::found(part& p, const log::scanned_frame& frame) {
  std::optional<record::batch_header> batch;
  if (frame.head.kind == log::frame_kind::batch) {
    if (auto read = record::read_batch_header(frame.body_start)) batch = *read;
  } else if (frame.head.kind == log::frame_kind::vote) {
    if (const auto v = log::decode_vote(frame.body_start))
      log.last_vote_ = log::later_of(log.last_vote_, *v);
  } else if (frame.head.kind == log::frame_kind::configuration) {
    bodies_wanted.push_back({frame.at, frame.head});
  } else if (frame.head.kind == log::frame_kind::start_moved) {
    if (const auto to = log::decode_start(frame.body_start))
      log.group_.starts.push_back({frame.head.index, *to});
  }
  p.index.add(frame.at, frame.head, time_of(batch ? &*batch : nullptr));
  const bool known = frame.head.is_entry() && frame.head.index <= producers_cover;
  if (known) batch.reset();  // the snapshot has it
  const bool control = batch && batch->control();
  log.account(frame.head, batch ? &*batch : nullptr, control ? frame.small_body() : fragments());
}

// Its last frames may be gone: what it stands for is in its header.
void partition_log::recovery::take_span(part& p) {
  const auto& span = *p.header.compacted;
  const auto& totals = p.index.totals();
  if (totals.end != span.end || totals.next_index > span.next_index ||
      totals.next_offset > span.next_offset)
    damage(p, "its frames are not those that its header tells of");
  p.index.cover(span.next_index, span.next_offset);
  log.last_index_ = span.next_index - 1;
  log.next_offset_ = span.next_offset;
  log.last_term_ = std::max(log.last_term_, span.last_term);
}

seastar::future<> partition_log::recovery::scan(part& p, std::uint64_t size, bool last) {
  const auto& totals = p.index.totals();
  const auto& span = p.header.compacted;
  const bool flushed_known = checkpoint && checkpoint->active_salt == p.header.salt;
  const auto known_durable = span            ? span->end
                             : flushed_known ? checkpoint->flushed_through
                                             : position{};
  log::scanner scanner({.salt = p.header.salt,
                        .at = totals.end,
                        .end = position(size),
                        .flushed_through = known_durable,
                        .next_index = totals.next_index,
                        .next_offset = totals.next_offset,
                        .last_term = log.last_term_,
                        .allow_gaps = span.has_value()});
  auto f = co_await log.shared_.files.open_read_only(p.file->path());
  auto window = seastar::allocate_aligned_buffer<char>(window_size + block_size, block_size);
  std::exception_ptr failed;
  try {
    while (!scanner.done()) {
      const auto from = scanner.wanted();
      const auto aligned = block_floor(from.value());
      const auto wanted = std::min<std::uint64_t>(window_size, size - aligned);
      const auto got = co_await f->read(aligned, window.get(), block_ceil(wanted));
      const auto usable = std::min<std::uint64_t>(got, wanted);
      if (aligned + usable <= from.value()) damage(p, "the file ends before its size");
      scanner.feed(from,
                   {window.get() + (from.value() - aligned), usable - (from.value() - aligned)});
      while (auto frame = scanner.next()) found(p, *frame);
      co_await seastar::coroutine::maybe_yield();
    }
    for (const auto& wanted : std::exchange(bodies_wanted, {}))
      co_await read_configuration(p, *f, wanted.at, wanted.head);
  } catch (...) {
    failed = std::current_exception();
  }
  co_await f->close();
  if (failed) std::rethrow_exception(failed);
  const auto& result = scanner.result();
  const bool may_be_torn = last && !span;
  if (result.tail == log::tail_state::corrupt ||
      (result.tail == log::tail_state::torn && !may_be_torn)) {
    damage(p, fmt::format("damaged at position {} ({})", result.valid_through,
                          result.reason ? log::name(*result.reason) : "bad frame"));
  }
  if (result.tail == log::tail_state::torn) {
    store_log.warn("{}: {}: a torn write behind position {} is cut off; it was never acknowledged",
                   log.identity_.name, p.file->path(), result.valid_through);
  }
  // Cuts the torn bytes or the preallocated space off in memory; in the file too where there was
  // anything.
  if (result.tail == log::tail_state::torn) {
    co_await p.file->truncate(result.valid_through.value());
  } else {
    p.file->set_end(result.valid_through.value());
  }
}

}  // namespace weir::store
