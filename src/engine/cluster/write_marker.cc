#include "engine/cluster/write_marker.h"

#include <seastar/core/coroutine.hh>
#include <seastar/core/with_timeout.hh>

#include "engine/cluster/cluster.h"

namespace weir {
namespace {

using outcome = std::expected<void, replica_error>;

seastar::future<outcome> write_here(cluster& c, partition_key key, marker_order order) {
  auto* r = c.find(key);
  if (!r)
    co_return std::unexpected(c.offline(key) ? replica_error::storage : replica_error::not_leader);
  const auto use = r->use();
  const auto deadline = seastar::lowres_clock::now() + order.patience;
  const auto came = std::chrono::steady_clock::now();
  co_await r->wait_room();
  if (std::chrono::steady_clock::now() - came > order.placed_within)
    co_return std::unexpected(replica_error::not_leader);
  const auto placed = r->place_marker(order.marker, order.version, r->log().now());
  if (!placed) co_return std::unexpected(placed.error());
  try {
    co_await seastar::with_timeout(deadline, r->wait_committed(placed->index, placed->term));
    co_return outcome();
  } catch (const seastar::timed_out_error&) {
    co_return std::unexpected(replica_error::timed_out);
  } catch (const storage_failed&) {
    co_return std::unexpected(replica_error::storage);
  } catch (...) {
    co_return std::unexpected(replica_error::not_leader);  // closing, deleted, or led elsewhere
  }
}

}  // namespace

seastar::future<std::expected<void, replica_error>> write_marker(cluster& c, partition_key key,
                                                                 marker_order order) {
  return c.container().invoke_on(
      c.shard_of(key), [key, order](cluster& there) { return write_here(there, key, order); });
}

}  // namespace weir
