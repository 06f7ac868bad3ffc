#include "edge/admin/reports.h"

#include <seastar/core/coroutine.hh>
#include <seastar/core/memory.hh>
#include <seastar/core/smp.hh>
#include <seastar/coroutine/maybe_yield.hh>

namespace weir::edge {

using nlohmann::json;

seastar::future<json> report_cluster(cluster& state) {
  const auto& c = state.catalog();
  co_return json{{"cluster_id", c.cluster_id().str()},
                 {"node_id", state.settings().self.value()},
                 {"version", WEIR_VERSION},
                 {"shards", seastar::smp::count},
                 {"topics", c.topics().size()},
                 {"partitions", c.partition_count()}};
}

seastar::future<json> report_status(cluster& state) {
  struct of_shard {
    std::size_t waiting, failed, offline, removals;
  };
  of_shard all{};
  for (unsigned shard = 0; shard < seastar::smp::count; ++shard) {
    const auto here = co_await state.container().invoke_on(shard, [](cluster& c) {
      of_shard f{.waiting = c.logs_without_space(),
                 .failed = 0,
                 .offline = c.offline().size(),
                 .removals = c.removals_waiting()};
      for (const auto& [key, r] : c.replicas()) f.failed += r->log().failed() ? 1 : 0;
      return f;
    });
    all.waiting += here.waiting;
    all.failed += here.failed;
    all.offline += here.offline;
    all.removals += here.removals;
  }
  const auto& s = state.space();
  const char* level = s.level == log::space_level::roomy ? "ok"
                      : s.level == log::space_level::low ? "low"
                                                         : "full";
  co_return json{{"status", "ready"},
                 {"storage",
                  {{"space", level},
                   {"takes_data", s.level == log::space_level::roomy},
                   {"free_bytes", s.device.free},
                   {"total_bytes", s.device.total},
                   {"free_bytes_min", s.least},
                   {"free_bytes_to_resume", log::free_bytes_to_resume(s.least)},
                   {"logs_waiting_for_space", all.waiting},
                   {"logs_failed", all.failed},
                   {"partitions_offline", all.offline},
                   {"files_being_removed", all.removals}}}};
}

seastar::future<json> report_partitions(cluster& state, std::string topic) {
  std::map<uuid, std::string> names;
  for (const auto& [name, t] : state.catalog().topics()) {
    if (topic.empty() || name == topic) names.emplace(t->id, name);
  }
  json all = json::array();
  for (unsigned shard = 0; shard < seastar::smp::count; ++shard) {
    // Plain values come back; names are added here.
    struct row {
      partition_key key;
      std::int64_t start, high_watermark, end;
      std::int32_t epoch;
      std::uint64_t bytes;
      const char* status;
      std::string reason;
      bool compacts;
      double dirty_ratio;
      std::int64_t first_dirty, last_pass;
      std::uint64_t passes;
      std::string compaction_failing;
    };
    const auto rows = co_await state.container().invoke_on(
        shard, [](cluster& c) -> seastar::future<std::vector<row>> {
          std::vector<row> found;
          for (const auto& [key, r] : c.replicas()) {
            const auto& log = r->log();
            const char* status = log.failed() ? "failed" : log.damage().empty() ? "ok" : "damaged";
            found.push_back({key, r->start_offset().value(), r->high_watermark().value(),
                             r->next_offset().value(), r->leader_epoch(), r->size_bytes(), status,
                             log.damage(), r->compacts(), r->compaction_plan().dirty_ratio(),
                             log.first_dirty().value(), log.compaction().last_pass.value(),
                             log.compaction().passes, [&] {
                               const auto* f = c.failing_compactions().find(key);
                               return f ? f->why : std::string();
                             }()});
          }
          for (const auto& [key, why] : c.offline())
            found.push_back({key, -1, -1, -1, -1, 0, "offline", why, false, 0, -1, -1, 0, {}});
          return seastar::make_ready_future<std::vector<row>>(std::move(found));
        });
    for (const auto& r : rows) {
      const auto name = names.find(r.key.topic_id);
      if (name == names.end()) continue;
      all.push_back({{"topic", name->second},
                     {"partition", r.key.partition},
                     {"shard", shard},
                     {"leader_epoch", r.epoch},
                     {"start_offset", r.start},
                     {"high_watermark", r.high_watermark},
                     {"log_end_offset", r.end},
                     {"size_bytes", r.bytes},
                     {"status", r.status},
                     {"reason", r.reason}});
      if (r.compacts) {
        auto& c = all.back()["compaction"];
        c = {{"dirty_ratio", r.dirty_ratio},
             {"first_dirty_offset", r.first_dirty},
             {"passes", r.passes}};
        if (r.last_pass >= 0) c["last_pass_ms"] = r.last_pass;
        if (!r.compaction_failing.empty()) c["failing"] = r.compaction_failing;
      }
      co_await seastar::coroutine::maybe_yield();
    }
  }
  co_return all;
}

seastar::future<json> report_config(cluster& state) {
  json all = json::object();
  const auto layers = state.layers();
  for (const auto& option : all_options()) {
    const auto resolved = resolve(option.id, layers);
    const char* source = resolved.source == option_source::declared ? "default"
                         : resolved.source == option_source::node   ? "start"
                                                                    : "cluster";
    all[std::string(option.name)] = {
        {"value", option.sensitive() ? "(secret)" : format_value(option, resolved.value)},
        {"source", source}};
  }
  co_return all;
}

}  // namespace weir::edge
