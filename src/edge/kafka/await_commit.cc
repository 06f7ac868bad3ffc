#include "edge/kafka/await_commit.h"

#include <seastar/core/coroutine.hh>
#include <seastar/core/with_timeout.hh>
#include <seastar/coroutine/as_future.hh>

namespace weir::edge {

seastar::future<> await_commit(replica& r, seastar::lowres_clock::time_point deadline) {
  if (r.next_offset() <= r.high_watermark() || seastar::lowres_clock::now() >= deadline) co_return;
  auto done = co_await seastar::coroutine::as_future(seastar::with_timeout(
      deadline, r.wait_committed(r.log().last_index(), r.core().current_term())));
  done.ignore_ready_future();
}

}  // namespace weir::edge
