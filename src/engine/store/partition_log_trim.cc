// Cutting a partition's log at either end.
#include <seastar/core/coroutine.hh>

#include "core/base/check.h"
#include "engine/store/partition_log.h"
#include "engine/store/store_log.h"

namespace weir::store {
seastar::future<> partition_log::truncate_after(log_index last) {
  const auto lock = co_await seastar::get_units(files_lock_, 1);
  auto side = co_await seastar::get_units(side_lock_, 1);
  weir_check(last >= start_index_ - 1 && last <= last_index_,
             "{}: truncation behind {} of {} to {}", identity_.name, last, start_index_,
             last_index_);
  // What was not written yet is written first: the files then say what memory says, and are cut
  // alike.
  while (parts_.size() > 1 && parts_.back()->header.first_index > last + 1) {
    auto p = parts_.back();
    parts_.pop_back();
    segments_.pop_back();
    co_await retire(p);
    if (p->on_disk) co_await remove_files(p->header.first_index);
  }
  co_await shared_.files.sync_directory(directory_);
  if (const auto& span = parts_.back()->header.compacted) {
    // Nothing that was committed goes, so its end is the log's.
    weir_check(last + 1 == span->next_index,
               "{}: truncation behind {} in a compacted segment to {}", identity_.name, last,
               span->next_index);
    last_index_ = last;
    next_offset_ = span->next_offset;
    last_term_ = span->last_term;
    if (!producers_.truncate(last + 1)) producers_.clear();
    roll(shared_.now());
  }
  // What stays counts as durable in the end, so segments before the last one are, too.
  // Finishing one writes files beside it, and takes that lock itself.
  side.return_all();
  for (std::size_t i = 0; i + 1 < parts_.size(); ++i) co_await flush_part(parts_[i]);
  side = co_await seastar::get_units(side_lock_, 1);
  co_await want_index(held_part(parts_.back()));
  part& p = *parts_.back();
  p.index.take_down();
  p.sealed = p.finished = false;
  if (!p.on_disk) co_await create(p);
  co_await forget_side_files(p);
  co_await p.file->write_out();
  std::vector<std::pair<position, log::frame_head>> kept;
  const auto from = p.index.truncate(last + 1);
  position end = from.at;
  next_offset_ = from.base_offset;
  last_index_ = from.index - 1;
  // The index forgets more than the log does: frames between are counted again.
  std::vector<std::pair<log::frame_head, timestamp>> again;
  const auto walked = co_await walk(
      held_part(parts_.back()), from.at, [&](const log::frame_head& head, const fragments& body) {
        if (head.is_entry() && head.index > last) return false;
        const auto batch = head.kind == log::frame_kind::batch
                               ? record::read_batch_header(body)
                               : std::unexpected(record::record_error{});
        again.emplace_back(head, time_of(batch ? &*batch : nullptr));
        return true;
      });
  if (!walked) throw std::runtime_error(identity_.name + ": damaged, see the line above");
  for (const auto& [head, time] : again) {
    p.index.add(end, head, time);
    end = position(end.value() + head.size());
    if (head.is_entry()) last_index_ = head.index;
    next_offset_ = head.next_offset();
  }
  // What the journal has of the rest must not come back behind what will be written there.
  if (journaled_)
    co_await shared_.small_writes->append(*this, entry_of(p, end.value(), log::journal_kind::cut),
                                          {});
  co_await p.file->truncate(end.value());
  p.flushed = p.settled = end.value();
  if (std::exchange(in_journal_, false)) shared_.small_writes->settled(*this);
  segments_.active() = {.first_index = p.header.first_index,
                        .next_index = p.header.first_index,
                        .first_offset = p.header.first_offset,
                        .next_offset = p.header.first_offset,
                        .created = p.header.created};
  segments_.active().update(p.index.totals());
  terms_.truncate(last + 1);
  first_dirty_ = std::min(first_dirty_, next_offset_);
  last_term_ = terms_.term_at(last_index_).value_or(weir::term{});
  if (!producers_.truncate(last + 1)) producers_.clear();
  shared_.dirty -= dirty();
  flushed_bytes_ = appended_bytes_;
  durable_.retreat(last);
  durable_.advance(last_index_);
  durable_reach_ = here();
  changed_ = true;
}

seastar::future<> partition_log::drop_front(std::size_t count) {
  std::vector<part_ptr> dropped(parts_.begin(),
                                parts_.begin() + static_cast<std::ptrdiff_t>(count));
  parts_.erase(parts_.begin(), parts_.begin() + static_cast<std::ptrdiff_t>(count));
  segments_.drop_front(count);
  const auto side = co_await seastar::get_units(side_lock_, 1);
  for (auto& p : dropped) {
    co_await retire(p);
    co_await remove_files(p->header.first_index);
  }
  co_await shared_.files.sync_directory(directory_);
}

// Once those who read it have left.
seastar::future<> partition_log::retire(part_ptr p) {
  co_await p->readers.close();
  co_await p->file->close();
}

// A segment's, beginning with the one that says that the others mean something.
seastar::future<> partition_log::remove_files(log_index first) {
  co_await shared_.files.remove(path(log::segment_file_name(first)));
  for (const auto& name : {log::index_file_name(first), producers_file_name(first)}) {
    if (co_await shared_.files.exists(path(name))) co_await shared_.files.remove(path(name));
  }
}

// The new start is durable before anything goes, so that a crash between the two only leaves work
// for the next start.
seastar::future<> partition_log::apply(log::retention_plan plan) {
  if (plan.start_offset == start_offset_ && plan.drop == 0) co_return;
  start_offset_ = std::max(start_offset_, plan.start_offset);
  start_index_ = std::max(start_index_, plan.start_index);
  terms_.trim(start_index_, start_offset_);
  co_await write_checkpoint(false);
  if (plan.drop > 0) co_await drop_front(plan.drop);
}

seastar::future<std::expected<void, log::delete_error>> partition_log::delete_below(
    offset before, offset commit_offset, log_index committed) {
  const auto lock = co_await seastar::get_units(files_lock_, 1);
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
