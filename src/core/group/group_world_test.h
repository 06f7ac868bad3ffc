#pragma once
// For tests: one coordinator with the log that it writes. After every step it is compared with a
// coordinator that only ever reads that log, and every answer must encode in the version of its
// request. A crash makes a new coordinator from the log.
#include <catch2/catch_test_macros.hpp>

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/codec/whole.h"
#include "core/group/coordinator.h"

namespace weir::group {

class topics_of_test : public topic_view {
 public:
  std::map<std::string, known_topic, std::less<>> known;

  [[nodiscard]] std::optional<known_topic> find(std::string_view name) const override {
    const auto found = known.find(name);
    return found == known.end() ? std::nullopt : std::optional(found->second);
  }
  [[nodiscard]] std::optional<std::string> name_of(const uuid& id) const override {
    for (const auto& [name, t] : known) {
      if (t.id == id) return name;
    }
    return std::nullopt;
  }
  void for_each(
      const std::function<void(std::string_view, const known_topic&)>& tell) const override {
    for (const auto& [name, t] : known) tell(name, t);
  }
};

struct logged_marker {
  producer_id producer;
  bool commit;
};
// A record with the transaction of its batch, or a marker.
struct log_item {
  coordinator_record record;
  std::optional<transaction_of> transaction;
  std::optional<logged_marker> marker;
};

// Plans don't travel.
inline bool encodes(const answer& a, std::int16_t version) {
  return std::visit(
      [&]<typename Answer>(const Answer& one) {
        if constexpr (std::is_same_v<Answer, share_plan>) {
          return true;
        } else {
          return encode_whole(one, version).has_value();
        }
      },
      a);
}

class group_world {
 public:
  explicit group_world(const group_settings& s = {}) : settings(s) { start(); }

  // The answer comes into answers, now or later.
  template <typename Request>
  ticket send(const Request& r, std::int16_t version) {
    request_context c;
    c.api_version = version;
    c.ticket = ++tickets_;
    c.now = now;
    c.client_id = text::copy(client_id);
    c.client_host = "/192.0.2.1";
    c.fresh = {++fresh_, 7};
    versions_[c.ticket] = version;
    take(live->step(r, c));
    return c.ticket;
  }
  // Of a request that is answered at once.
  template <typename Answer, typename Request>
  Answer ask(const Request& r, std::int16_t version) {
    const auto t = send(r, version);
    REQUIRE(answers.contains(t));
    return get<Answer>(t);
  }
  template <typename Answer>
  Answer get(ticket t) {
    REQUIRE(answers.contains(t));
    auto node = answers.extract(t);
    REQUIRE(std::holds_alternative<Answer>(node.mapped()));
    return std::get<Answer>(std::move(node.mapped()));
  }

  // Time passes, with a tick whenever one is due.
  void pass(std::int64_t ms) {
    const auto until = now.steady_ms + ms;
    for (int ticks = 0;; ++ticks) {
      const auto due = live->next_deadline();
      if (!due || *due > until) break;
      if (ticks > 100'000) FAIL("ticks lead nowhere");
      set_time(std::max(now.steady_ms, *due));
      take(live->tick(now));
    }
    set_time(until);
  }
  void marker(std::int64_t producer, bool commit) {
    const logged_marker m{producer_id(producer), commit};
    log.push_back({{}, {}, m});
    live->apply_marker(m.producer, m.commit);
    folded->apply_marker(m.producer, m.commit);
    compare();
  }
  // What came of another call.
  void accept(emitted<answer> out) { take(std::move(out)); }
  void delete_topic(const std::string& name, const uuid& id) {
    const std::vector<deleted_topic> gone{{name, id}};
    take(live->topics_deleted(gone, now));
  }
  void change_topics() { take(live->topics_changed(now)); }
  // Whoever waits is answered, the state is lost but for the log.
  void crash() {
    for (auto& [t, a] : live->unload(kafka::error_code::not_coordinator).answers) keep(t, a);
    set_time(now.steady_ms + 1);
    const auto before = std::move(live);
    start();
    if (!before->same_stored(*live)) FAIL("a crash has changed the state");
  }

  // Requests that wait.
  [[nodiscard]] std::size_t unanswered() const { return versions_.size(); }
  // What the log's cleaner may do: of a key only its last record that counts is left, and nothing
  // of transactions that were aborted.
  void compact();

  group_settings settings;
  topics_of_test topics;
  std::string client_id = "client";
  moment now{1'000, timestamp(1'700'000'000'000)};
  std::map<ticket, answer> answers;
  std::vector<log_item> log;
  std::unique_ptr<coordinator> live;
  std::unique_ptr<coordinator> folded;
  std::function<void()> after_step = [] {};

 private:
  void set_time(std::int64_t steady) {
    now.wall += steady - now.steady_ms;
    now.steady_ms = steady;
  }
  std::unique_ptr<coordinator> read_log() {
    auto c = std::make_unique<coordinator>(settings, topics);
    for (const auto& item : log) read(*c, item);
    return c;
  }
  static void read(coordinator& c, const log_item& item) {
    if (item.marker) return c.apply_marker(item.marker->producer, item.marker->commit);
    const auto done = c.apply(item.record.key, item.record.value, item.transaction);
    if (!done) FAIL("a record does not apply");
  }
  void start() {
    live = read_log();
    folded = read_log();
    take(live->loaded(now));
  }
  void take(emitted<answer> out) {
    for (const auto& batch : out.batches) {
      for (const auto& record : batch.records) {
        log.push_back({record, batch.transaction, {}});
        read(*folded, log.back());
      }
    }
    for (auto& [t, a] : out.answers) keep(t, a);
    compare();
    after_step();
  }
  void keep(ticket t, answer& a) {
    const auto version = versions_.find(t);
    if (version == versions_.end())
      FAIL("ticket " << t << " is answered twice, or was never asked");
    if (!encodes(a, version->second))
      FAIL("an answer does not encode in version " << version->second);
    versions_.erase(version);
    answers.emplace(t, std::move(a));
  }
  void compare() {
    if (!live->same_stored(*folded)) FAIL("the state is not what its log says");
  }

  ticket tickets_ = 0;
  std::uint64_t fresh_ = 0;
  std::map<ticket, std::int16_t> versions_;  // of requests that have no answer yet
};

inline void group_world::compact() {
  // From the end: how each transaction ended, and where the first that has not ended begins. The
  // cleaner stops there, as it does at the last stable offset: a tombstone may be all that takes
  // back what an open transaction has.
  enum class fate : std::uint8_t { counts, aborted, open };
  std::map<producer_id, bool> ending;
  std::vector<fate> fates(log.size(), fate::counts);
  std::size_t stable = log.size();
  for (std::size_t i = log.size(); i-- > 0;) {
    if (log[i].marker) ending[log[i].marker->producer] = log[i].marker->commit;
    if (!log[i].transaction) continue;
    const auto end = ending.find(log[i].transaction->producer);
    if (end == ending.end()) {
      fates[i] = fate::open;
      stable = i;
    } else if (!end->second) {
      fates[i] = fate::aborted;
    }
  }
  std::set<std::string> later;
  std::vector<log_item> left;
  for (std::size_t i = log.size(); i-- > 0;) {
    const bool cleaned = i < stable && !log[i].marker;
    if (cleaned && fates[i] == fate::aborted) continue;
    if (cleaned && !later.insert(log[i].record.key.str()).second) continue;
    left.push_back(log[i]);
  }
  log.assign(left.rbegin(), left.rend());
}

// Requests made short.

// A subscription of a consumer, version 0.
inline bytes subscription_to(const std::vector<std::string>& topics) {
  kafka::writer w;
  w.int16(0);
  w.array(topics.size(), false);
  for (const auto& t : topics) w.string(text::copy(t), false);
  w.int32(-1);
  return bytes::copy(w.take().str());
}

struct joining {
  std::string member_id;
  std::optional<std::string> instance;
  std::vector<std::pair<std::string, std::string>> protocols{{"range", ""}};
  std::string group = "g";
  std::string type = "consumer";
  std::int32_t session_ms = 10'000;
  std::int32_t rebalance_ms = 60'000;
};

inline kafka::join_group_request join_of(const joining& j) {
  kafka::join_group_request r;
  r.group_id = text::copy(j.group);
  r.member_id = text::copy(j.member_id);
  if (j.instance) r.group_instance_id = text::copy(*j.instance);
  r.protocol_type = text::copy(j.type);
  r.session_timeout_ms = j.session_ms;
  r.rebalance_timeout_ms = j.rebalance_ms;
  for (const auto& [name, metadata] : j.protocols) {
    auto& p = r.protocols.emplace_back();
    p.name = text::copy(name);
    p.metadata = metadata.empty() ? subscription_to({"t"}) : bytes::copy(metadata);
  }
  return r;
}

inline kafka::sync_group_request sync_of(
    const std::string& member, std::int32_t generation,
    const std::vector<std::pair<std::string, std::string>>& parts = {},
    const std::string& group = "g") {
  kafka::sync_group_request r;
  r.group_id = text::copy(group);
  r.member_id = text::copy(member);
  r.generation_id = generation;
  r.protocol_type = "consumer";
  r.protocol_name = "range";
  for (const auto& [id, part] : parts) {
    r.assignments.push_back({text::copy(id), bytes::copy(part)});
  }
  return r;
}

inline kafka::heartbeat_request beat_of(const std::string& member, std::int32_t generation,
                                        std::optional<std::string> instance = {},
                                        const std::string& group = "g") {
  kafka::heartbeat_request r;
  r.group_id = text::copy(group);
  r.member_id = text::copy(member);
  r.generation_id = generation;
  if (instance) r.group_instance_id = text::copy(*instance);
  return r;
}

inline kafka::leave_group_request leave_of(
    const std::vector<std::pair<std::string, std::optional<std::string>>>& members,
    const std::string& group = "g") {
  kafka::leave_group_request r;
  r.group_id = text::copy(group);
  for (const auto& [id, instance] : members) {
    auto& m = r.members.emplace_back();
    m.member_id = text::copy(id);
    if (instance) m.group_instance_id = text::copy(*instance);
  }
  return r;
}

struct committing {
  std::int64_t offset = 0;
  std::string topic = "t";
  std::int32_t partition = 0;
  std::string member_id;
  std::int32_t generation = -1;
  std::string group = "g";
  std::string metadata;
  uuid topic_id;
  std::int64_t retention_ms = -1;
};

inline kafka::offset_commit_request commit_of(const committing& c) {
  kafka::offset_commit_request r;
  r.group_id = text::copy(c.group);
  r.member_id = text::copy(c.member_id);
  r.generation_id_or_member_epoch = c.generation;
  r.retention_time_ms = c.retention_ms;
  auto& t = r.topics.emplace_back();
  t.name = text::copy(c.topic);
  t.topic_id = c.topic_id;
  t.partitions.push_back({c.partition, c.offset, 5, text::copy(c.metadata)});
  return r;
}

inline kafka::txn_offset_commit_request txn_commit_of(const committing& c, std::int64_t producer) {
  kafka::txn_offset_commit_request r;
  r.transactional_id = "tx";
  r.group_id = text::copy(c.group);
  r.producer_id = producer;
  r.producer_epoch = 0;
  r.member_id = text::copy(c.member_id);
  r.generation_id = c.generation;
  auto& t = r.topics.emplace_back();
  t.name = text::copy(c.topic);
  t.partitions.push_back({c.partition, c.offset, 5, text::copy(c.metadata)});
  return r;
}

// Of one partition, or (nothing) of all there are.
inline kafka::offset_fetch_request fetch_of(std::optional<std::pair<std::string, std::int32_t>> at,
                                            bool stable = false, const std::string& group = "g",
                                            const uuid& topic_id = {}) {
  kafka::offset_fetch_request r;
  r.require_stable = stable;
  auto& g = r.groups.emplace_back();
  g.group_id = text::copy(group);
  if (at) {
    auto& t = g.topics.emplace().emplace_back();
    t.name = text::copy(at->first);
    t.topic_id = topic_id;
    t.partition_indexes.push_back(at->second);
  } else {
    g.topics.reset();
  }
  return r;
}

}  // namespace weir::group
