// Compacting a partition's log: whether, and one pass from its beginning to its checkpoint.
#include <seastar/core/coroutine.hh>
#include <seastar/core/sleep.hh>
#include <seastar/util/defer.hh>

#include "core/log/cleaner_checkpoint.h"
#include "engine/store/compaction_pass.h"
#include "engine/store/store_log.h"

namespace weir::store {
namespace {

// A stop is noticed within this.
constexpr auto sleep_most = std::chrono::milliseconds(100);

}  // namespace

seastar::future<> io_pace::spend(std::uint64_t bytes, seastar::abort_source& abort,
                                 std::function<bool()> stopped) {
  const auto since = [] { return std::chrono::steady_clock::now().time_since_epoch(); };
  const auto now = since();
  const auto until = now + rate_.spend(bytes, now, bytes_per_second_());
  for (auto left = until - now; left.count() > 0 && !stopped(); left = until - since())
    co_await seastar::sleep_abortable(
        std::min(std::chrono::duration_cast<std::chrono::steady_clock::duration>(sleep_most), left),
        abort);
}

log::compaction_plan partition_log::plan_compaction(const log::compaction_rules& rules,
                                                    const log::compaction_bounds& bounds) const {
  const auto open = std::ranges::find_if(parts_, [](const part_ptr& p) { return !p->finished; });
  return log::plan_compaction({.segments = segments_,
                               .closed = static_cast<std::size_t>(open - parts_.begin()),
                               .first_dirty = first_dirty_,
                               .start_offset = start_offset_},
                              rules, bounds, now());
}

seastar::future<bool> partition_log::compact(compaction_work work) {
  if (stopping_) throw compaction_stopped();
  const auto running = fibers_.hold();
  if (failed_ || std::exchange(compacting_, true)) co_return false;
  const auto ended = seastar::defer([this] noexcept { compacting_ = false; });
  if (plan_compaction(work.rules, work.bounds).roll_active) roll(now());
  co_await finish_sealed();
  const auto plan = plan_compaction(work.rules, work.bounds);
  if (!plan.due || stopping_) co_return false;

  const auto started = std::chrono::steady_clock::now();
  compaction_pass pass(*this, work, plan);
  std::exception_ptr failed;
  try {
    co_await pass.run();
    first_dirty_ = std::max(first_dirty_, pass.covered());
    co_await write_cleaner_checkpoint();
  } catch (...) {
    failed = std::current_exception();
  }
  co_await pass.close();
  const auto& seen = pass.figures();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  compaction_.bytes_in += seen.bytes_in;
  compaction_.bytes_out += seen.bytes_out;
  compaction_.records_in += seen.records_in;
  compaction_.records_out += seen.records_out;
  compaction_.seconds += took.count();
  if (failed) {
    if (!stopping_) ++compaction_.failures;
    std::rethrow_exception(failed);
  }
  ++compaction_.passes;
  compaction_.last_pass = now();
  store_log.info(
      "{}: compacted up to offset {} in {:.1f} s: {} of {} records and {} of {} bytes stay, in {} "
      "segments",
      identity_.name, pass.covered(), took.count(), seen.records_out, seen.records_in,
      seen.bytes_out, seen.bytes_in, parts_.size());
  co_return true;
}

// A segment that was rolled while nothing came behind it.
seastar::future<> partition_log::finish_sealed() {
  const auto lock = co_await seastar::get_units(files_lock_, 1);
  if (failed_ ||
      std::ranges::all_of(parts_, [](const part_ptr& p) { return !p->sealed || p->finished; }))
    co_return;
  co_await bring_to_files();
}

seastar::future<> partition_log::write_cleaner_checkpoint() {
  const auto encoded =
      log::encode(log::cleaner_checkpoint{.first_dirty = first_dirty_, .written = now()});
  co_await replace_small(shared_.files, path(cleaner_file_name),
                         std::string(encoded.data(), encoded.size()));
}

}  // namespace weir::store
