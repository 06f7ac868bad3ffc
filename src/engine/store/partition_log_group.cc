// What the log knows of its group, and what other copies get of it.
#include <seastar/core/coroutine.hh>

#include <algorithm>

#include "core/base/check.h"
#include "engine/store/finish_reset.h"
#include "engine/store/partition_log.h"
#include "engine/store/recovery.h"
#include "engine/store/store_log.h"

namespace weir::store {

// Under side_lock_, but for recovery.
seastar::future<> partition_log::write_group() {
  auto now = group_;
  now.last_vote = last_vote_;
  if (now == group_stored_) co_return;
  co_await replace_small(shared_.files, path(group_file_name), log::encode(now));
  group_stored_ = std::move(now);
}

void partition_log::forget_group_behind(log_index last) {
  auto& known = group_.configurations;
  while (!known.empty() && known.back().index > last) known.pop_back();
  while (!group_.starts.empty() && group_.starts.back().index > last) group_.starts.pop_back();
}

void partition_log::forget_moved_starts(log_index through) {
  std::erase_if(group_.starts, [&](const log::moved_start& moved) {
    return moved.index <= through && moved.to <= start_offset_;
  });
}

void partition_log::forget_before_first_part() {
  const auto& first = parts_.front()->header;
  terms_.trim(first.first_index, first.first_offset);
  auto& known = group_.configurations;
  // The last one before is in effect there.
  while (known.size() > 1 && known[1].index < first.first_index) known.erase(known.begin());
  std::erase_if(group_.starts,
                [&](const log::moved_start& moved) { return moved.index < first.first_index; });
}

seastar::future<> partition_log::begin_group(std::string configuration) {
  const auto lock = co_await seastar::get_units(files_lock_, 1);
  weir_check(parts_.empty() && last_index_ == log_index{}, "{}: not a new log", identity_.name);
  co_await shared_.files.make_directories(directory_);
  const auto side = co_await seastar::get_units(side_lock_, 1);
  group_.began = std::move(configuration);
  co_await write_group();
}

log_index partition_log::compacted_through() const {
  for (auto i = parts_.size(); i > 0; --i) {
    if (parts_[i - 1]->header.compacted) return segments_[i - 1].next_index - 1;
  }
  return {};
}

log_base partition_log::base() const {
  if (!parts_.empty()) {
    const auto& first = parts_.front()->header;
    return {.index = first.first_index - 1, .term = first.term, .next_offset = first.first_offset};
  }
  return {.index = last_index_, .term = last_term_, .next_offset = next_offset_};
}

seastar::future<std::optional<log::producer_sequences::snapshot>> partition_log::read_producers(
    std::string name) {
  std::optional<log::producer_sequences::snapshot> found;
  if (const auto file = co_await read_small(shared_.files, path(name), side_file_max)) {
    if (auto read = log::producer_sequences::decode(fragments::copy(*file), producers_max_))
      found = *std::move(read);
  }
  co_return found;
}

seastar::future<std::optional<log::producer_sequences::snapshot>> partition_log::find_producers(
    log_index last) {
  auto found = co_await read_producers(latest_producers_file_name);
  if (found && found->covers > last) found.reset();
  for (auto p = parts_.rbegin(); p != parts_.rend(); ++p) {
    const auto first = (*p)->header.first_index;
    if (found && found->covers + 1 >= first) break;
    auto read = co_await read_producers(producers_file_name(first));
    if (!read || read->covers > last) continue;
    found = std::move(read);
    break;
  }
  co_return found;
}

// Batches were forgotten that would count again: from the newest snapshot that tells of nothing
// behind the log's end, and what came after it. Whoever was cut off would else be taken for
// somebody new, and a batch of his that is stored for a new one.
seastar::future<> partition_log::rebuild_producers() {
  log::producer_sequences found(producers_max_);
  log_index covers{};
  if (auto read = co_await find_producers(last_index_)) {
    covers = read->covers;
    found = std::move(read->producers);
  }
  const auto first = segments_.find(covers + 1);
  if (covers < last_index_) {
    // Readers go by the old state meanwhile: what it says of what is committed is so.
    const auto from = held_part(first ? parts_[*first] : parts_.front());
    const auto walked = co_await walk(
        from, log::first_frame_position, [&](const log::frame_head& head, const fragments& body) {
          if (head.index > last_index_) return false;
          if (head.kind != log::frame_kind::batch || head.index <= covers) return true;
          if (const auto batch = record::read_batch_header(body)) found.apply(head, *batch, body);
          return true;
        });
    if (!walked) throw std::runtime_error(identity_.name + ": damaged, see the line above");
  }
  take_producers(std::move(found));
}

void partition_log::take_producers(log::producer_sequences producers) {
  producers.keep_aborted(shared_.aborted_transactions_max);
  producers.trim(start_offset_);
  producers_ = std::move(producers);
}

seastar::future<fragments> partition_log::producers_at_base() {
  const auto at = base().index;
  std::optional<log::producer_sequences::snapshot> found;
  if (!parts_.empty() && at > log_index{}) {
    const auto held = parts_.front()->producers;
    if (held.empty()) {
      found = co_await read_producers(producers_file_name(at + 1));
    } else if (auto read = log::producer_sequences::decode(held, producers_max_)) {
      found = *std::move(read);
    }
  }
  // Up to version 0.1 a checkpoint's told of later batches too. Where that can't be taken back
  // nobody is remembered: a producer that is not known is taken at its word (KIP-360), one of whom
  // too much is known would be told that a batch is stored which is not.
  const bool exact =
      found && found->covers >= at && (found->covers == at || found->producers.truncate(at + 1));
  if (!exact) co_return log::producer_sequences(producers_max_).encode(at);
  co_return found->producers.encode(at);
}

seastar::future<std::expected<std::vector<kept_entry>, read_fault>> partition_log::read_entries(
    entry_range range) {
  std::vector<kept_entry> out;
  const auto first = segments_.find(range.from);
  if (range.from <= base().index || !first) co_return std::unexpected(read_fault::out_of_range);
  auto in = held_part(parts_[*first]);
  co_await want_index(in);
  const auto at = in.part->index.find(range.from).at;
  std::size_t bytes = 0;
  const auto cuts = cuts_;
  const auto look_at = [&](const log::frame_head& head) {
    if (!head.is_entry() || head.index < range.from) return wanted::nothing;
    const bool fits = out.empty() || bytes + head.body_size <= range.bytes;
    return head.index <= range.through && fits ? wanted::body : wanted::no_more;
  };
  const auto take = [&](const log::frame_head& head, const fragments& body) {
    if (cuts != cuts_) return false;
    bytes += body.size();
    out.push_back({head, body});
    return head.index < range.through && bytes < range.bytes && out.size() < range.count;
  };
  const auto walked = co_await walk(std::move(in), at, take, look_at);
  if (!walked) co_return std::unexpected(walked.error());
  if (cuts != cuts_ || out.empty()) co_return std::unexpected(read_fault::out_of_range);
  co_return out;
}

void partition_log::take_state(const log::segment_header& header, const log_state& to,
                               log::producer_sequences producers) {
  auto file = seastar::make_lw_shared<segment>(
      shared_.open, path(log::segment_file_name(header.first_index)), shared_.cache, reads_, true,
      log::segment_header_size);
  auto p = seastar::make_lw_shared<part>(header, std::move(file));
  p->on_disk = true;
  p->flushed = p->settled = log::segment_header_size;
  parts_.clear();
  parts_.push_back(std::move(p));
  segments_ = log::segment_list();
  segments_.push_back({.first_index = header.first_index,
                       .next_index = header.first_index,
                       .first_offset = header.first_offset,
                       .next_offset = header.first_offset,
                       .created = header.created});
  terms_ = log::term_map();
  terms_stored_.reset();
  group_.configurations.clear();
  group_.starts.clear();
  group_.forced.reset();
  group_.behind_hole = {};
  if (!to.members.empty()) group_.configurations.push_back({to.base.index, to.members});
  last_index_ = to.base.index;
  last_term_ = to.base.term;
  forgotten_ = to.forgotten;
  next_offset_ = start_offset_ = first_dirty_ = to.base.next_offset;
  take_producers(std::move(producers));
  start_index_ = header.first_index;
  if (std::exchange(in_journal_, false)) shared_.small_writes->settled(*this);
  shared_.dirty -= dirty();
  flushed_bytes_ = appended_bytes_;
  durable_.retreat(last_index_);
  durable_.advance(last_index_);
  durable_reach_ = here();
  changed_ = true;
}

seastar::future<> partition_log::reset(log_state to) {
  auto read = log::producer_sequences::decode(to.producers, producers_max_);
  if (!read || read->covers != to.base.index)
    throw std::invalid_argument(identity_.name + ": a state whose producers are not of its base");
  const auto lock = co_await seastar::get_units(files_lock_, 1);
  if (failed_) throw std::runtime_error(identity_.name + ": failed before");
  const auto side = co_await seastar::get_units(side_lock_, 1);
  if (parts_.empty() || !parts_.front()->on_disk)
    co_await shared_.files.make_directories(directory_);
  if (to.held != log_base{}) {
    group_.held_index = to.held.index;
    group_.held_term = to.held.term;
  }
  co_await write_group();
  const log::reset_record record{.salt = shared_.random(),
                                 .last_index = to.base.index,
                                 .last_term = to.base.term,
                                 .next_offset = to.base.next_offset,
                                 .forgotten = to.forgotten,
                                 .created = shared_.now(),
                                 .members = to.members,
                                 .producers = to.producers.str()};
  std::exception_ptr failed;
  bool begun = false;
  try {
    co_await replace_small(shared_.files, path(reset_file_name), log::encode(record));
    begun = true;
    // What was not written goes with the rest; of what is in the journal nothing is put back into a
    // segment of another salt.
    auto old = std::exchange(parts_, {});
    ++cuts_;
    auto header = header_after(record, identity_.topic_id, identity_.partition);
    header.last_vote = last_vote_;
    take_state(header, to, std::move(read->producers));
    co_await parts_.back()->file->prepare_append();
    for (auto& p : old) co_await retire(p);
    co_await carry_out_reset(shared_.files, directory_, record, identity_.topic_id,
                             identity_.partition);
    group_stored_ = group_;
    group_stored_.last_vote = last_vote_;
    co_return;
  } catch (const no_space&) {
    if (!begun) throw;  // the record is not there then
    failed = std::current_exception();
  } catch (...) {
    failed = std::current_exception();  // the next start may find it
  }
  fail(failed);
  std::rethrow_exception(failed);
}

}  // namespace weir::store
