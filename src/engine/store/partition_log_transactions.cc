// Reading a partition's log for readers of committed transactions (docs/decisions/0015).
#include <seastar/core/coroutine.hh>

#include "core/log/transaction_search.h"
#include "core/record/batches.h"
#include "engine/store/partition_log.h"

namespace weir::store {

seastar::future<std::expected<read_result, read_fault>> partition_log::read_committed(
    offset from, read_limits limits) {
  while (true) {
    const auto forgotten = producers_.aborted().forgotten();
    auto got = co_await read(from, limits);
    if (!got || got->batches.empty()) co_return got;
    // With what lies below its start a log forgets what was aborted there.
    if (from < start_offset_) co_return std::unexpected(read_fault::out_of_range);
    // Compaction may have taken the marker of what was read from an older file.
    if (forgotten != producers_.aborted().forgotten()) continue;
    if (producers_.aborted().covers(from)) {
      got->aborted =
          log::with_markers(producers_.aborted().within(from, got->next), got->batches, got->next);
      co_return got;
    }
    auto found = co_await search_aborted(got->batches, got->next);
    if (!found) co_return std::unexpected(found.error());
    // The same again of what happened meanwhile: the search asks the list, and passes over segments
    // that have gone.
    if (from < start_offset_) co_return std::unexpected(read_fault::out_of_range);
    if (forgotten != producers_.aborted().forgotten()) continue;
    got->aborted = *std::move(found);
    co_return got;
  }
}

// By the markers themselves. Those behind the range are looked for in the log, where compaction
// leaves a marker longer than the records that were read.
seastar::future<std::expected<std::vector<log::aborted_transaction>, read_fault>>
partition_log::search_aborted(fragments batches, offset next) {
  log::transaction_search search;
  record::batch_walk read(batches);
  while (true) {
    const auto batch = read.next();
    if (!batch || !*batch) break;
    search.add((*batch)->header, (*batch)->all, true);
  }
  const auto first = segments_.find(next);
  if (first && !search.settled()) {
    auto in = held_part(parts_[*first]);
    if (in.part->finished) co_await want_index(in);
    const auto at = in.part->index.find(next).at;
    const auto walked =
        co_await walk(std::move(in), at, [&](const log::frame_head& head, const fragments& body) {
          if (head.kind != log::frame_kind::batch || head.base_offset < next) return true;
          // The list as it is now: before this goes on, its oldest may be pushed out.
          if (producers_.aborted().covers(head.base_offset)) search.take(producers_.aborted());
          if (search.settled()) return false;
          if (const auto batch = record::read_batch_header(body)) search.add(*batch, body, false);
          return true;
        });
    if (!walked) co_return std::unexpected(walked.error());
  }
  search.take(producers_.aborted());
  co_return std::move(search).found();
}

}  // namespace weir::store
