#pragma once
// For tests: groups of the consumer protocol beside a second copy that sees only the log. After
// every step both must hold the same.
#include <catch2/catch_all.hpp>

#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/group/consumer_groups.h"

namespace weir::group {

class model_topics : public topic_view {
 public:
  std::map<std::string, known_topic, std::less<>> topics;

  uuid set(const std::string& name, std::int32_t partitions) {
    auto& t = topics[name];
    if (t.id.is_zero()) t.id = {9, ++made_};
    t.partitions = partitions;
    return t.id;
  }
  [[nodiscard]] std::optional<known_topic> find(std::string_view name) const override {
    const auto at = topics.find(name);
    if (at == topics.end()) return std::nullopt;
    return at->second;
  }
  [[nodiscard]] std::optional<std::string> name_of(const uuid& id) const override {
    for (const auto& [name, t] : topics) {
      if (t.id == id) return name;
    }
    return std::nullopt;
  }
  void for_each(
      const std::function<void(std::string_view, const known_topic&)>& tell) const override {
    for (const auto& [name, t] : topics) tell(name, t);
  }

 private:
  std::uint64_t made_ = 0;
};

struct consumer_world {
  using request = kafka::consumer_group_heartbeat_request;
  using response = kafka::consumer_group_heartbeat_response;

  model_topics topics;
  consumer_settings settings;
  std::unique_ptr<consumer_groups> live = fresh();
  std::unique_ptr<consumer_groups> folded = fresh();
  std::vector<coordinator_record> log;
  moment now{.steady_ms = 1'000, .wall = timestamp(1'700'000'000'000)};
  std::uint64_t fresh_ids = 0;
  std::size_t last_records = 0;  // of the last step
  bool compares = true;
  static constexpr std::size_t batch_bytes_max = 512 * 1024;

  std::unique_ptr<consumer_groups> fresh() {
    return std::make_unique<consumer_groups>(
        [this](const text&) -> const consumer_settings& { return settings; }, topics);
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
    if (compares) REQUIRE(live->same_stored(*folded));
  }
  response beat(const request& r, std::int16_t version = 1) {
    request_context context;
    context.api_version = version;
    context.now = now;
    context.client_id = text("client");
    context.client_host = text("/127.0.0.1");
    context.fresh = {3, ++fresh_ids};
    output out(batch_bytes_max);
    auto answer = live->heartbeat(r, context, out);
    take(out);
    if (answer.error != kafka::error_code::none) REQUIRE(last_records == 0);
    return answer;
  }
  // Time goes on, and ticks come when they are due.
  void pass(std::int64_t ms) {
    const auto until = now.steady_ms + ms;
    while (live->next_deadline() && *live->next_deadline() <= until) {
      advance(std::max(*live->next_deadline(), now.steady_ms));
      output out(batch_bytes_max);
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
    output out(batch_bytes_max);
    live->loaded(now, out);
    take(out);
  }
  // What compaction may leave: of each key the last record.
  void compact() {
    std::map<std::string, std::size_t> last;
    for (std::size_t i = 0; i < log.size(); ++i) last[log[i].key.str()] = i;
    std::vector<coordinator_record> rest;
    for (std::size_t i = 0; i < log.size(); ++i) {
      if (last[log[i].key.str()] == i && log[i].value) rest.push_back(log[i]);
    }
    log = std::move(rest);
  }
  const consumer_state& state(const char* group = "g") const {
    return live->find(text(group))->stored();
  }

  // Each partition has one owner at most.
  void check_owners(const char* group = "g") const {
    std::map<std::pair<uuid, std::int32_t>, int> owners;
    for (const auto& [id, m] : state(group).members()) {
      const auto count = [&](const partition_key& p, std::int32_t) {
        REQUIRE(++owners[{p.topic_id, p.partition}] == 1);
      };
      m.current.assigned.for_each(count);
      m.current.revoking.for_each(count);
    }
  }
};

inline topic_partitions to_set(
    const std::optional<kafka::consumer_group_heartbeat_response::assignment_info>& from) {
  topic_partitions out;
  if (!from) return out;
  for (const auto& t : from->topic_partitions) out.add(t.topic_id, t.partitions);
  return out;
}

inline void put_owned(consumer_world::request& r, const topic_partitions& owned) {
  r.topic_partitions.emplace();
  for (const auto& [topic, list] : owned.topics()) {
    auto& t = r.topic_partitions->emplace_back();
    t.topic_id = topic;
    t.partitions = {list.begin(), list.end()};
  }
}

inline consumer_world::request joining(const std::string& member,
                                       std::initializer_list<const char*> names,
                                       const std::string& group = "g") {
  consumer_world::request r;
  r.group_id = text(group);
  r.member_id = text(member);
  r.rebalance_timeout_ms = 5'000;
  r.subscribed_topic_names.emplace();
  for (const auto* n : names) r.subscribed_topic_names->push_back(text(n));
  r.topic_partitions.emplace();
  return r;
}

inline consumer_world::request beating(const std::string& member, std::int32_t epoch,
                                       const std::string& group = "g") {
  consumer_world::request r;
  r.group_id = text(group);
  r.member_id = text(member);
  r.member_epoch = epoch;
  return r;
}

inline consumer_world::request owning(const std::string& member, std::int32_t epoch,
                                      const topic_partitions& owned = {}) {
  auto r = beating(member, epoch);
  put_owned(r, owned);
  return r;
}

}  // namespace weir::group
