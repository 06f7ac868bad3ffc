#include "engine/runtime/fibers.h"

namespace weir {
namespace {

seastar::logger fiber_log("fibers");

}  // namespace

seastar::future<bool> fibers::stopped_within(std::chrono::milliseconds duration) {
  if (stopping()) co_return true;
  try {
    co_await seastar::sleep_abortable(duration, abort_);
  } catch (const seastar::sleep_aborted&) {
    co_return true;
  }
  co_return stopping();
}

seastar::future<> fibers::stop() {
  if (!abort_.abort_requested()) abort_.request_abort();
  co_await gate_.close();
}

void fibers::report(const char* name, const std::exception_ptr& failed) {
  fiber_log.error("{}: background work '{}' ended by {}", owner_, name, failed);
}

}  // namespace weir
