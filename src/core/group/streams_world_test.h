#pragma once
// For tests: streams groups beside a second copy that sees only the log. After every step both must
// hold the same.
#include <catch2/catch_all.hpp>

#include <memory>
#include <string>
#include <vector>

#include "core/group/consumer_world_test.h"
#include "core/group/streams_groups.h"

namespace weir::group {

struct streams_world {
  using request = kafka::streams_group_heartbeat_request;
  using response = kafka::streams_group_heartbeat_response;

  model_topics topics;
  streams_settings settings{.initial_rebalance_delay_ms = 0, .assignment_interval_ms = 0};
  std::unique_ptr<streams_groups> live = fresh();
  std::unique_ptr<streams_groups> folded = fresh();
  std::vector<coordinator_record> log;
  moment now{.steady_ms = 1'000, .wall = timestamp(1'700'000'000'000)};
  std::size_t last_records = 0;              // of the last step
  std::vector<internal_topic> last_missing;  // that the last heartbeat wants made

  std::unique_ptr<streams_groups> fresh() {
    return std::make_unique<streams_groups>(
        [this](const text&) -> const streams_settings& { return settings; }, topics);
  }

  void take(output& from) {
    last_records = 0;
    for (const auto& batch : from.take().batches) {
      for (const auto& r : batch.records) {
        ++last_records;
        log.push_back(r);
        REQUIRE(folded->apply(r.key, r.value));
      }
    }
    REQUIRE(live->same_stored(*folded));
  }
  response beat(const request& r) {
    request_context context;
    context.now = now;
    context.client_id = text("client");
    context.client_host = text("/127.0.0.1");
    output out(512 * 1024);
    auto answer = live->heartbeat(r, context, out);
    take(out);
    if (answer.error != kafka::error_code::none) REQUIRE(last_records == 0);
    last_missing.clear();
    for (auto& wanted : live->take_missing()) last_missing = std::move(wanted.topics);
    check_owners();
    return answer;
  }
  // Time goes on, and ticks come when they are due.
  void pass(std::int64_t ms) {
    const auto until = now.steady_ms + ms;
    while (live->next_deadline() && *live->next_deadline() <= until) {
      advance(std::max(*live->next_deadline(), now.steady_ms));
      output out(512 * 1024);
      live->tick(now, 1000, out);
      take(out);
    }
    advance(until);
  }
  void advance(std::int64_t steady) {
    now.wall += steady - now.steady_ms;
    now.steady_ms = steady;
  }
  // The leader is gone; the next one reads the log.
  void reload() {
    live = fresh();
    for (const auto& r : log) REQUIRE(live->apply(r.key, r.value));
    REQUIRE(live->same_stored(*folded));
    output out(512 * 1024);
    live->loaded(now, out);
    take(out);
  }
  [[nodiscard]] const streams_group& group() const { return *live->find(text("g")); }
  [[nodiscard]] const streams_state& state() const { return group().stored(); }
  [[nodiscard]] std::string described_state() const {
    return std::string(name_of(group().state()));
  }

  // A task has one worker at most, and a process has it once at most.
  void check_owners() const {
    for (const auto& [id, g] : live->all()) {
      std::map<std::pair<text, std::int32_t>, int> workers;
      std::map<std::tuple<text, std::int32_t, text>, int> copies;
      for (const auto& [member_id, m] : g->stored().members()) {
        const auto count = [&](const task& t, std::int32_t) {
          if (t.of.role == task_role::active) {
            REQUIRE(++workers[{t.of.subtopology, t.partition}] == 1);
          }
          REQUIRE(++copies[{t.of.subtopology, t.partition, m.metadata.process_id}] == 1);
        };
        m.current.assigned.for_each(count);
        m.current.revoking.for_each(count);
      }
    }
  }
};

// Tasks as "0:0,1 1:2 / 0:3": active, and after the stroke standbys.
inline std::string tasks_text(const task_set& from) {
  const auto list = [&](task_role role) {
    std::string out;
    for (const auto& [of, partitions] : from.topics()) {
      if (of.role != role) continue;
      out += fmt::format("{}{}:{}", out.empty() ? "" : " ", of.subtopology,
                         fmt::join(partitions, ","));
    }
    return out;
  };
  const auto standbys = list(task_role::standby);
  return list(task_role::active) + (standbys.empty() ? "" : " / " + standbys);
}
inline task_set tasks_in(const streams_world::response& a) {
  task_set out;
  if (a.active_tasks) add_tasks(*a.active_tasks, task_role::active, out);
  if (a.standby_tasks) add_tasks(*a.standby_tasks, task_role::standby, out);
  if (a.warmup_tasks) add_tasks(*a.warmup_tasks, task_role::warmup, out);
  return out;
}
// What an answer says of tasks; "-": nothing.
inline std::string told(const streams_world::response& a) {
  return a.active_tasks ? tasks_text(tasks_in(a)) : "-";
}
// Statuses as "5 1".
inline std::string statuses(const streams_world::response& a) {
  std::string out;
  if (!a.status) return out;
  for (const auto& s : *a.status) {
    out += fmt::format("{}{}", out.empty() ? "" : " ", static_cast<int>(s.status_code));
  }
  return out;
}

inline auto& add_subtopology(streams_world::request& r, const char* id,
                             std::initializer_list<const char*> sources) {
  if (!r.topology) r.topology = streams_world::request::topology_info();
  auto& s = r.topology->subtopologies.emplace_back();
  s.subtopology_id = text(id);
  for (const auto* name : sources) s.source_topics.push_back(text(name));
  return s;
}
template <typename List>
auto& add_internal(List& to, const char* name, std::int32_t partitions = 0) {
  auto& t = to.emplace_back();
  t.name = text(name);
  t.partitions = partitions;
  return t;
}

// One subtopology "0" that reads `in`, with state in the topic g-store if `stateful`.
inline streams_world::request joining_streams(const std::string& member, bool stateful = false,
                                              const std::string& process = "") {
  streams_world::request r;
  r.group_id = text("g");
  r.member_id = text(member);
  r.rebalance_timeout_ms = 5'000;
  r.active_tasks.emplace();
  r.standby_tasks.emplace();
  r.warmup_tasks.emplace();
  r.process_id = text(process.empty() ? "p-" + member : process);
  auto& s = add_subtopology(r, "0", {"in"});
  if (stateful) add_internal(s.state_changelog_topics, "g-store");
  return r;
}
inline streams_world::request beating_streams(const std::string& member, std::int32_t epoch) {
  streams_world::request r;
  r.group_id = text("g");
  r.member_id = text(member);
  r.member_epoch = epoch;
  return r;
}
inline streams_world::request owning_streams(const std::string& member, std::int32_t epoch,
                                             const task_set& owned) {
  auto r = beating_streams(member, epoch);
  put_tasks(owned, r);
  return r;
}

}  // namespace weir::group
