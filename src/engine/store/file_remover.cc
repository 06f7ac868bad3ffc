#include "engine/store/file_remover.h"

#include <seastar/core/coroutine.hh>

#include "engine/runtime/scheduling.h"
#include "engine/store/store_log.h"

namespace weir::store {

file_remover::file_remover(file_system& files, std::uint64_t step) : files_(files), step_(step) {
  fibers_.spawn("remove", [this] { return run(); }, groups().background);
}

void file_remover::remove(std::string path) {
  waiting_.push_back(std::move(path));
  wake_.signal();
}

seastar::future<> file_remover::run() {
  while (true) {
    co_await wake_.wait([this] { return fibers_.stopping() || !waiting_.empty(); });
    if (fibers_.stopping()) co_return;
    const auto path = waiting_.front();
    try {
      co_await take_away(path);
    } catch (...) {
      if (!fibers_.stopping())
        store_log.warn("{} could not be removed ({}); the next start tries again", path,
                       std::current_exception());
    }
    waiting_.pop_front();
  }
}

seastar::future<> file_remover::take_away(std::string path) {
  // A topic that goes takes along what waits to be removed on another shard.
  if (!co_await files_.exists(path)) co_return;
  auto f = co_await files_.open(path);
  std::exception_ptr failed;
  try {
    for (auto size = co_await f->size(); size > step_ && !fibers_.stopping();) {
      const auto started = std::chrono::steady_clock::now();
      size -= step_;
      co_await f->truncate(size);
      const auto took = std::chrono::steady_clock::now() - started;
      if (!hurry_)
        co_await fibers_.stopped_within(
            std::chrono::duration_cast<std::chrono::milliseconds>(took));
    }
  } catch (...) {
    failed = std::current_exception();
  }
  co_await f->close();
  if (failed) std::rethrow_exception(failed);
  if (!fibers_.stopping()) co_await files_.remove(path);
}

seastar::future<> file_remover::remove_topic(std::string directory) {
  const auto running = fibers_.hold();
  for (const auto& partition : co_await files_.list(directory)) {
    const auto folder = fmt::format("{}/{}", directory, partition);
    for (const auto& name : co_await files_.list(folder)) {
      if (fibers_.stopping()) co_return;
      co_await take_away(fmt::format("{}/{}", folder, name));
    }
    if (!fibers_.stopping()) co_await files_.remove(folder);
  }
  if (!fibers_.stopping()) co_await files_.remove(directory);
}

seastar::future<> file_remover::stop() {
  auto stopped = fibers_.stop();
  wake_.broadcast();
  co_await std::move(stopped);
}

}  // namespace weir::store
