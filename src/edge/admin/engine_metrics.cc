#include <seastar/core/memory.hh>
#include <seastar/core/metrics.hh>

#include "edge/admin/admin.h"
#include "edge/admin/cluster_metrics.h"

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

void add_cache(seastar::metrics::metric_groups& groups, const store::chunk_cache& cache) {
  namespace sm = seastar::metrics;
  const sm::label label("portion");
  const sm::label cause("for");
  const std::array names{"fresh", "history"};
  std::vector<sm::metric_definition> all;
  for (const auto p : {store::portion::fresh, store::portion::history}) {
    const auto i = static_cast<std::size_t>(p);
    const auto of = label(names[i]);
    all.push_back(sm::make_gauge("used_bytes", sm::description("Bytes of log data in memory"), {of},
                                 [&cache, p] { return cache.used(p); }));
    all.push_back(sm::make_counter("hits", sm::description("Reads served from memory"), {of},
                                   [&cache, i] { return cache.figures.by[i].hits; }));
    for (std::size_t c = 0; c < names.size(); ++c)
      all.push_back(sm::make_counter(
          "evictions", sm::description("Chunks given up for others"), {of, cause(names[c])},
          [&cache, i, c] { return cache.figures.by[i].evicted_for[c]; }));
  }
  all.push_back(sm::make_counter(
      "misses", [&cache] { return cache.figures.misses; },
      sm::description("Reads that waited for the device")));
  all.push_back(sm::make_counter(
      "chunks_read", [&cache] { return cache.figures.loads; },
      sm::description("Chunks read from the device")));
  all.push_back(sm::make_counter(
      "chunks_read_ahead", [&cache] { return cache.figures.read_ahead; },
      sm::description("And of those, before a reader asked")));
  groups.add_group("cache", all);
}

void add_compaction(seastar::metrics::metric_groups& groups, cluster& state) {
  namespace sm = seastar::metrics;
  const auto figure = [&state](auto member) {
    return summed(state, [member](const replica& r) { return r.log().compaction().*member; });
  };
  using store::compaction_figures;
  groups.add_group(
      "compaction",
      {sm::make_counter("passes", figure(&compaction_figures::passes),
                        sm::description("Passes over a partition that were made to their end")),
       sm::make_counter("failures", figure(&compaction_figures::failures),
                        sm::description("Passes that failed")),
       sm::make_counter("read_bytes", figure(&compaction_figures::bytes_in),
                        sm::description("Bytes of segments that passes went over")),
       sm::make_counter("kept_bytes", figure(&compaction_figures::bytes_out),
                        sm::description("And of those, what stayed")),
       sm::make_counter("read_records", figure(&compaction_figures::records_in),
                        sm::description("Records that passes went over")),
       sm::make_counter("kept_records", figure(&compaction_figures::records_out),
                        sm::description("And of those, what stayed")),
       sm::make_gauge(
           "last_pass_time",
           [&state] {
             std::int64_t last = 0;
             for (const auto& [key, r] : state.replicas())
               last = std::max(last, r->log().compaction().last_pass.value());
             return static_cast<double>(last) / 1000;
           },
           sm::description("When the last pass ended, in seconds since 1970; 0: none yet")),
       sm::make_gauge(
           "dirty_ratio_max",
           [&state] {
             double most = 0;
             for (const auto& [key, r] : state.replicas()) {
               if (r->compacts()) most = std::max(most, r->compaction_plan().dirty_ratio());
             }
             return most;
           },
           sm::description("Largest share of a partition's closed segments that is dirty"))});
}

// Of the whole broker: shard 0 tells it.
void add_space(seastar::metrics::metric_groups& groups, const cluster& state) {
  namespace sm = seastar::metrics;
  groups.add_group(
      "space",
      {sm::make_gauge(
           "free_bytes", [&state] { return state.space().device.free; },
           sm::description("Free bytes of the data directory's file system")),
       sm::make_gauge(
           "total_bytes", [&state] { return state.space().device.total; },
           sm::description("Its size")),
       sm::make_gauge(
           "free_bytes_min", [&state] { return state.space().least; },
           sm::description("Free bytes below which producers are refused")),
       sm::make_gauge(
           "level", [&state] { return static_cast<int>(state.space().level); },
           sm::description("0: data is taken, 1: too little is free, 2: the device is full"))});
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
       sm::make_gauge(
           "partitions_offline", [&state] { return state.offline().size(); },
           sm::description("Partitions of this shard that could not be opened")),
       sm::make_gauge(
           "partitions_damaged",
           summed(state, [](const replica& r) { return r.log().damage().empty() ? 0U : 1U; }),
           sm::description("Open partitions in which a read met damage")),
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
           "open_files", [&state] { return state.open_files().count(); },
           sm::description("Segment files held open")),
       sm::make_counter(
           "opened_files", [&state] { return state.open_files().opened(); },
           sm::description("Times that a segment file was opened")),
       sm::make_gauge(
           "unwritten_bytes", [&state] { return state.dirty_bytes(); },
           sm::description("Appended bytes not yet on the device")),
       sm::make_gauge(
           "logs_waiting_for_space", [&state] { return state.logs_without_space(); },
           sm::description("Logs whose last write found no room on the device")),
       sm::make_gauge(
           "files_being_removed", [&state] { return state.removals_waiting(); },
           sm::description("Deleted segments whose files are not gone yet"))});
  if (seastar::this_shard_id() == 0) {
    add_space(groups, state);
    add_cluster_metrics(groups, state);
  }
  add_raft_metrics(groups, state);
  add_cache(groups, state.cache());
  add_compaction(groups, state);
  groups.add_group("memory",
                   {sm::make_gauge(
                       "used_bytes", [] { return seastar::memory::stats().allocated_memory(); },
                       sm::description("Memory in use on this shard"))});
  return groups;
}

}  // namespace weir::edge
