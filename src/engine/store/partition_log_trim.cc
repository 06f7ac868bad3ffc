// Cutting a partition's log at either end.
#include <seastar/core/coroutine.hh>

#include "core/base/check.h"
#include "core/log/cut_record.h"
#include "engine/store/finish_cut.h"
#include "engine/store/partition_log.h"
#include "engine/store/store_log.h"

namespace weir::store {

// Where a truncation cuts, worked out before anything is changed.
struct partition_log::cut_place {
  std::size_t number;  // of the part that is cut
  log::segment_index index;
  position end{};
  log_index last{};
  offset next{};
};

seastar::future<partition_log::cut_place> partition_log::find_cut(log_index last) {
  auto number = parts_.size() - 1;
  while (number > 0 && parts_[number]->header.first_index > last + 1) --number;
  const auto p = parts_[number];
  // One that was compacted holds only what was committed, and the log never ends with it.
  weir_check(!p->header.compacted, "{}: truncation behind {} in a compacted segment",
             identity_.name, last);
  co_await want_index(held_part(p));
  cut_place cut{.number = number, .index = p->index};
  const auto from = cut.index.truncate(last + 1);
  cut.end = from.at;
  cut.last = from.index - 1;
  cut.next = from.base_offset;
  // The index forgets more than the log does: frames between are counted again.
  const auto walked =
      co_await walk(held_part(p), from.at, [&](const log::frame_head& head, const fragments& body) {
        if (head.is_entry() && head.index > last) return false;
        if (cut.end.value() >= p->file->end()) return false;
        cut.index.add(cut.end, head, time_of(head, body));
        cut.end = position(cut.end.value() + head.size());
        if (head.is_entry()) cut.last = head.index;
        cut.next = head.next_offset();
        return true;
      });
  if (!walked) throw std::runtime_error(identity_.name + ": damaged, see the line above");
  co_return cut;
}

seastar::future<> partition_log::truncate_after(log_index last) {
  const auto lock = co_await seastar::get_units(files_lock_, 1);
  if (failed_) throw std::runtime_error(identity_.name + ": failed before");
  weir_check(last >= start_index_ - 1 && last <= last_index_,
             "{}: truncation behind {} of {} to {}", identity_.name, last, start_index_,
             last_index_);
  if (parts_.empty()) co_return;
  // What was not written yet is written first: the files then say what memory says, and are cut
  // alike. Finishing segments takes the lock of the files beside them by itself.
  if (dirty() > 0 || in_journal_ || !parts_.back()->on_disk) co_await bring_to_files();
  const auto writing = co_await seastar::get_units(write_lock_, 1);
  const auto side = co_await seastar::get_units(side_lock_, 1);
  auto cut = co_await find_cut(last);
  // The last vote may be behind the cut.
  co_await write_group();
  // Everything that says how far the part reaches goes before the part is cut: what will be written
  // behind the cut must not be taken for what was there.
  auto& p = *parts_[cut.number];
  co_await forget_side_files(p, last);
  if (journaled_) {
    in_journal_ = true;  // from here on it knows this log, cut or not
    co_await shared_.small_writes->append(*this,
                                          entry_of(p, cut.end.value(), log::journal_kind::cut), {});
  }
  auto kept = co_await p.file->block_before(cut.end.value());
  ++cuts_;
  std::exception_ptr failed;
  try {
    co_await replace_small(shared_.files, path(cut_file_name),
                           log::encode(log::cut_record{.salt = p.header.salt,
                                                       .first_index = p.header.first_index,
                                                       .end = cut.end,
                                                       .kept = std::move(kept)}));
    co_await cut_behind(std::move(cut));
    co_return;
  } catch (const no_space&) {
    throw;  // only of the record, which is not there then
  } catch (...) {
    failed = std::current_exception();  // the next start may find it
  }
  fail(failed);
  std::rethrow_exception(failed);
}

seastar::future<> partition_log::cut_behind(cut_place cut) {
  while (parts_.size() > cut.number + 1) {
    const auto gone = parts_.back();
    parts_.pop_back();
    segments_.pop_back();
    co_await retire(gone);
    co_await remove_files(gone->header.first_index);
    // Before the one below it goes: a row of segments with a gap in it can't be opened.
    co_await shared_.files.sync_directory(directory_);
  }
  part& p = *parts_.back();
  co_await p.file->truncate(cut.end.value());
  co_await shared_.files.remove(path(cut_file_name));
  co_await shared_.files.sync_directory(directory_);
  p.sealed = p.finished = false;
  p.index = std::move(cut.index);
  p.flushed = p.settled = cut.end.value();
  last_index_ = cut.last;
  next_offset_ = cut.next;
  if (std::exchange(in_journal_, false)) shared_.small_writes->settled(*this);
  segments_.active() = {.first_index = p.header.first_index,
                        .next_index = p.header.first_index,
                        .first_offset = p.header.first_offset,
                        .next_offset = p.header.first_offset,
                        .created = p.header.created};
  segments_.active().update(p.index.totals());
  terms_.truncate(last_index_ + 1);
  first_dirty_ = std::min(first_dirty_, next_offset_);
  forget_group_behind(last_index_);
  last_term_ = terms_.term_at(last_index_).value_or(p.header.term);
  const bool exact = producers_.truncate(last_index_ + 1);
  shared_.dirty -= dirty();
  flushed_bytes_ = appended_bytes_;
  durable_.retreat(last_index_);
  durable_.advance(last_index_);
  durable_reach_ = here();
  changed_ = true;
  if (!exact) co_await rebuild_producers();
}

// Once those who read it have left.
seastar::future<> partition_log::retire(part_ptr p) {
  co_await p->readers.close();
  co_await p->file->close();
}

seastar::future<> partition_log::remove_side_files(log_index first) {
  for (const auto& name : {log::index_file_name(first), producers_file_name(first)}) {
    if (co_await shared_.files.exists(path(name))) co_await shared_.files.remove(path(name));
  }
}

// A segment's, beginning with the one that says that the others mean something.
seastar::future<> partition_log::remove_files(log_index first) {
  co_await shared_.files.remove(path(log::segment_file_name(first)));
  co_await remove_side_files(first);
}

// As remove_files, but the large one in steps where there is somebody who does that.
seastar::future<> partition_log::take_away(part_ptr p, bool at_once) {
  const auto name = p->file->path();
  bool renamed = false;
  if (shared_.remover && !at_once) {
    try {
      co_await shared_.files.rename(name, name + deleted_suffix);
      renamed = true;
    } catch (const no_space&) {
      renamed = false;  // not even for a longer name
    }
  }
  if (renamed) {
    shared_.remover->remove(name + deleted_suffix);
  } else {
    co_await shared_.files.remove(name);
  }
  co_await remove_side_files(p->header.first_index);
}

seastar::future<> partition_log::drop_front(std::size_t count, bool kept_out) {
  const auto side = co_await seastar::get_units(side_lock_, 1);
  while (count-- > 0) {
    const auto p = parts_.front();
    parts_.pop_front();
    segments_.drop_front(1);
    co_await retire(p);
    co_await take_away(p, kept_out);
    if (kept_out) co_await shared_.files.sync_directory(directory_);
  }
  forget_before_first_part();
  co_await shared_.files.sync_directory(directory_);
}

// Told and known under one lock: another checkpoint must not say the old start again.
seastar::future<> partition_log::move_start(log_start to) {
  const auto side = co_await seastar::get_units(side_lock_, 1);
  auto c = checkpoint_now();
  c.start_index = to.index;
  c.start_offset = to.offset;
  co_await store_checkpoint(c);
  start_index_ = to.index;
  start_offset_ = to.offset;
  producers_.trim(start_offset_);
}

// The new start is durable before anything goes, so that a crash between the two only leaves work
// for the next start.
seastar::future<> partition_log::apply(log::retention_plan plan) {
  if (parts_.empty() || (plan.start_offset == start_offset_ && plan.drop == 0)) co_return;
  const log_start start{.index = std::max(start_index_, plan.start_index),
                        .offset = std::max(start_offset_, plan.start_offset)};
  // What remains alone must be there, or the log would begin again from nothing at the next start.
  if (plan.drop > 0 && !parts_[plan.drop]->on_disk) co_await bring_to_files();
  bool told = true;
  try {
    co_await move_start(start);
  } catch (const no_space&) {
    if (plan.drop == 0) throw;
    told = false;
  }
  if (!told) {
    // Whole segments can go without: the first one that is left says where the log starts.
    const auto& first = parts_[plan.drop]->header;
    start_index_ = std::max(start_index_, first.first_index);
    start_offset_ = std::max(start_offset_, first.first_offset);
    co_await drop_front(std::exchange(plan.drop, 0), true);
    co_await move_start(start);
  }
  if (plan.drop > 0) co_await drop_front(plan.drop);
}

seastar::future<std::expected<void, log::delete_error>> partition_log::delete_below(
    offset before, offset commit_offset, log_index committed) {
  const auto lock = co_await seastar::get_units(files_lock_, 1);
  if (failed_) throw std::runtime_error(identity_.name + ": failed before");
  const auto plan =
      log::plan_delete_records(segments_, before, start_offset_, commit_offset, committed);
  if (!plan) co_return std::unexpected(plan.error());
  co_await apply(*plan);
  co_return std::expected<void, log::delete_error>{};
}

seastar::future<std::uint64_t> partition_log::enforce_retention(log::retention_rules rules,
                                                                log_index committed) {
  const auto lock = co_await seastar::get_units(files_lock_, 1);
  if (parts_.empty() || failed_) co_return 0;
  const auto before = size_bytes();
  const auto plan = log::plan_retention(segments_, rules, shared_.now(), start_offset_, committed);
  co_await apply(plan);
  if (plan.roll_active) roll(shared_.now());
  const auto after = size_bytes();
  if (after < before)
    store_log.info("{}: retention deleted {} bytes, the log starts at {}", identity_.name,
                   before - after, start_offset_);
  co_return before > after ? before - after : 0;
}

}  // namespace weir::store
