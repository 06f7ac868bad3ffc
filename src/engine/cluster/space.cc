// Watching the room on the device for all shards (docs/decisions/0009-disk-full.md).
#include <seastar/core/coroutine.hh>
#include <seastar/core/smp.hh>

#include "engine/cluster/cluster.h"
#include "engine/cluster/cluster_log.h"

namespace weir {
namespace {

using log::space_level;

constexpr std::chrono::milliseconds look_interval{250};
// Logs that were refused space are asked to try again at every so manieth look.
constexpr unsigned looks_per_retry = 4;

// Removed when the device is full, so that commands that free space can be written.
constexpr std::uint64_t reserve_bytes_max = 8 << 20;
std::uint64_t reserve_bytes(std::uint64_t total) {
  return store::block_ceil(std::min(reserve_bytes_max, total / 32));
}

std::string mib(std::uint64_t bytes) {
  return fmt::format("{} MiB", bytes >> 20);
}

}  // namespace

void cluster::want_look() {
  (void)container().invoke_on(0, [](cluster& zero) { zero.look_wanted_.signal(); });
}

seastar::future<> cluster::keep_space() {
  while (!fibers_.stopping()) {
    try {
      co_await look_wanted_.wait(look_interval);
    } catch (const seastar::condition_variable_timed_out&) {
    }
    if (fibers_.stopping()) co_return;
    try {
      co_await look_at_space();
    } catch (...) {
      // Data goes on being taken on what was seen last; a full device says so itself.
      if (looks_ % 240 == 0)
        cluster_log.warn("the room in {} is not known: {}", settings_.data_dir,
                         std::current_exception());
    }
  }
}

seastar::future<> cluster::look_at_space() {
  const auto now = co_await files_->space(settings_.data_dir);
  const auto waiting = co_await container().map_reduce0(
      [](cluster& c) { return c.logs_without_space(); }, std::size_t(0), std::plus<>());
  const auto before = space_;
  const auto least = log::free_bytes_min(settings_.free_bytes_min, now.total);
  const space_report seen{
      .level = log::level_of(before.level, now, least, waiting > 0), .device = now, .least = least};
  const auto headroom = log::headroom(now, least, seastar::smp::count);
  space_ = seen;
  co_await keep_reserve();
  const bool data_may_try = reserve_there_ || now.free > reserve_bytes(now.total);
  const bool retry = ++looks_ % looks_per_retry == 0 || seen.level != space_level::full ||
                     now.free > before.device.free;
  co_await container().invoke_on_all([=](cluster& c) {
    c.heed(seen, headroom, data_may_try);
    if (retry) c.store_.space.retry();
  });
  if (seen.level != before.level) tell_space(before.level);
}

void cluster::heed(space_report seen, std::uint64_t headroom, bool data_may_try) {
  space_ = seen;
  // Without a bound nothing is refused before the device refuses it.
  store_.space.found(seen.level, seen.least == 0 ? UINT64_MAX : headroom, data_may_try);
  remover_.hurry(seen.level != space_level::roomy);
  if (seen.level != space_level::roomy && !std::exchange(retention_hurried_, true))
    retention_wanted_.signal();
  if (seen.level == space_level::roomy) retention_hurried_ = false;
}

// There while there is room; given to the device when it has none.
seastar::future<> cluster::keep_reserve() {
  const auto path = settings_.data_dir + "/reserve";
  const auto size = reserve_bytes(space_.device.total);
  if (space_.level == space_level::full) {
    if (!std::exchange(reserve_there_, false) && !co_await files_->exists(path)) co_return;
    co_await files_->remove(path);
  } else if (!reserve_there_ && size > 0 && space_.device.free > 4 * size) {
    auto f = co_await files_->create(path);
    bool taken = true;
    try {
      co_await f->preallocate(0, size);
    } catch (const store::no_space&) {
      taken = false;
    }
    co_await f->close();
    if (!taken) co_await files_->remove(path);
    reserve_there_ = taken;
  }
}

// A start on a full device: what little it writes has room then.
seastar::future<> cluster::start_on_reserve() {
  const auto path = settings_.data_dir + "/reserve";
  const auto now = co_await files_->space(settings_.data_dir);
  if (now.free < reserve_bytes(now.total) && co_await files_->exists(path))
    co_await files_->remove(path);
}

void cluster::tell_space(space_level before) const {
  const auto& dir = settings_.data_dir;
  switch (space_.level) {
    case space_level::low:
      if (before == space_level::full) return;
      cluster_log.warn(
          "{} has {} free, less than {} (store.free_bytes_min): producers are refused and try "
          "again; reading and deleting go on, and retention runs now. Make room, or shorten "
          "retention; it ends by itself when {} are free",
          dir, mib(space_.device.free), mib(space_.least),
          mib(log::free_bytes_to_resume(space_.least)));
      return;
    case space_level::full:
      cluster_log.error(
          "the file system of {} is full ({} free): what was taken waits in memory, "
          "unacknowledged, "
          "and producers are refused and try again; reading and deleting go on. Make room: delete "
          "topics or records, shorten retention, or remove what others keep there; it ends by "
          "itself",
          dir, mib(space_.device.free));
      return;
    case space_level::roomy:
      cluster_log.warn("{} has {} free again: producers are served", dir, mib(space_.device.free));
      return;
  }
}

}  // namespace weir
