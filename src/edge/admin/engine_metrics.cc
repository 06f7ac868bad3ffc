#include <seastar/core/memory.hh>
#include <seastar/core/metrics.hh>

#include "edge/admin/admin.h"

namespace weir::edge {
namespace {

template <typename Value>
auto summed(cluster& state, Value value) {
  return [&state, value] {
    std::uint64_t sum = 0;
    for (const auto& [key, r] : state.replicas()) sum += value(*r);
    return sum;
  };
}

}  // namespace

seastar::metrics::metric_groups engine_metrics(cluster& state) {
  namespace sm = seastar::metrics;
  sm::metric_groups groups;
  groups.add_group(
      "storage",
      {sm::make_gauge(
           "partitions", [&state] { return state.replicas().size(); },
           sm::description("Partitions open on this shard")),
       sm::make_gauge("log_bytes", summed(state, [](const replica& r) { return r.size_bytes(); }),
                      sm::description("Bytes of all logs")),
       sm::make_counter(
           "appended_bytes",
           summed(state, [](const replica& r) { return r.log().figures().bytes_appended; }),
           sm::description("Bytes appended to logs, frame heads included")),
       sm::make_counter("flushes",
                        summed(state, [](const replica& r) { return r.log().figures().flushes; }),
                        sm::description("Flushes of logs to the device")),
       sm::make_counter(
           "flush_seconds",
           [&state] {
             double seconds = 0;
             for (const auto& [key, r] : state.replicas())
               seconds += r->log().figures().flush_seconds;
             return seconds;
           },
           sm::description("Time spent in writing and flushing logs")),
       sm::make_counter(
           "journal_records", [&state] { return state.journal().records; },
           sm::description("Writes and flushes of the journal, each for many logs")),
       sm::make_counter(
           "journal_bytes", [&state] { return state.journal().bytes; },
           sm::description("Bytes of logs that went through the journal")),
       sm::make_counter(
           "journal_turns", [&state] { return state.journal().turns; },
           sm::description("Journal files begun")),
       sm::make_gauge(
           "unwritten_bytes", [&state] { return state.dirty_bytes(); },
           sm::description("Appended bytes not yet on the device"))});
  groups.add_group("cache", {sm::make_gauge(
                                 "used_bytes", [&state] { return state.cache().used(); },
                                 sm::description("Bytes of log data in memory")),
                             sm::make_counter(
                                 "hits", [&state] { return state.cache().figures.hits; },
                                 sm::description("Reads served from memory")),
                             sm::make_counter(
                                 "misses", [&state] { return state.cache().figures.misses; },
                                 sm::description("Reads that went to the device")),
                             sm::make_counter(
                                 "evictions", [&state] { return state.cache().figures.evictions; },
                                 sm::description("Chunks given up for others"))});
  groups.add_group("memory",
                   {sm::make_gauge(
                       "used_bytes", [] { return seastar::memory::stats().allocated_memory(); },
                       sm::description("Memory in use on this shard"))});
  return groups;
}

}  // namespace weir::edge
