// Clients, good and confused, against one coordinator that crashes and is read from its log: what
// must hold whatever they do. `WEIR_SEEDS=COUNT` runs more of them, `WEIR_SEED=N` one.
#include <algorithm>
#include <cstdlib>
#include <random>

#include "core/codec/prefixed.h"
#include "core/group/group_world_test.h"
#include "core/group/record_type.h"

namespace weir::group {
namespace {

using kafka::error_code;

struct place {
  std::string group;
  std::string topic;
  std::int32_t partition;
  auto operator<=>(const place&) const = default;
};

// Of a member id: what stays when a static member comes back.
std::string identity_of(std::string_view member_id) {
  return std::string(member_id.starts_with("static") ? member_id.substr(0, 8) : member_id);
}

// What was told to clients and written to the log, and must not be taken back.
struct history {
  using assignment_key = std::pair<std::int32_t, std::string>;  // generation, identity
  struct of_group {
    std::int32_t stored = 0;                      // the last generation in the log
    std::int32_t told = 0;                        // the last one in a join, since the crash
    std::map<std::int32_t, std::string> leaders;  // of those told since the crash
    std::map<assignment_key, std::string> assignments;
  };
  struct pending_offset {
    std::int64_t offset;
    std::uint64_t order;
  };
  std::map<std::string, of_group> groups;
  std::map<place, std::pair<std::int64_t, std::uint64_t>> committed;
  std::map<std::int64_t, std::map<place, pending_offset>> pending;
  std::uint64_t order = 0;

  void commit(const place& at, std::int64_t offset) { committed[at] = {offset, ++order}; }
  void txn_commit(const place& at, std::int64_t producer, std::int64_t offset) {
    pending[producer][at] = {offset, ++order};
  }
  void end(std::int64_t producer, bool commit) {
    for (const auto& [at, p] : pending[producer]) {
      const auto there = committed.find(at);
      if (commit && (there == committed.end() || there->second.second < p.order)) {
        committed[at] = {p.offset, p.order};
      }
    }
    pending.erase(producer);
  }
  void erase(const place& at) {
    committed.erase(at);
    for (auto& [producer, offsets] : pending) offsets.erase(at);
  }
  [[nodiscard]] bool is_pending(const place& at) const {
    return std::ranges::any_of(pending, [&](const auto& p) { return p.second.contains(at); });
  }
  void crash() {
    for (auto& [id, g] : groups) {
      g.told = 0;
      g.leaders.clear();
    }
  }
};

struct client {
  enum class waits_for { nothing, join, sync };
  std::string group;
  std::optional<std::string> instance;
  std::string member_id;
  std::int32_t generation = -1;
  bool leads = false;
  bool has_part = false;
  std::vector<std::string> members;  // of a leader
  waits_for waits = waits_for::nothing;
  ticket asked = 0;
  std::int64_t next_beat = 0;
};

class model {
 public:
  model(std::uint64_t seed, const group_settings& s) : random_(seed), w_(s) {
    for (int i = 0; i < 8; ++i) {
      client c;
      c.group = "group" + std::to_string(i % 2);
      if (i % 4 >= 2) c.instance = "static-" + std::to_string(i);
      clients_.push_back(c);
    }
  }

  void run(int steps) {
    w_.after_step = [this] { look(); };
    for (int i = 0; i < steps; ++i) {
      act();
      look();
    }
    calm();
  }

 private:
  std::uint64_t draw(std::uint64_t below) { return random_() % below; }
  client& any() { return clients_[draw(clients_.size())]; }
  std::string any_topic() { return draw(3) == 0 ? "u" : "t"; }
  static committing commit_by(const client& c) {
    return {.member_id = c.member_id, .generation = c.generation, .group = c.group};
  }

  void act() {
    auto& c = any();
    switch (draw(24)) {
      case 0:
      case 1:
        return w_.pass(static_cast<std::int64_t>(draw(4'000)));
      case 2:
        return w_.pass(static_cast<std::int64_t>(draw(30) == 0 ? 86'400'000 : draw(70'000)));
      case 3:
        return draw(4) == 0 ? crash() : behave(c);
      case 4:
        return leave(c);
      case 5:
      case 6:
        return commit(c);
      case 7:
        return txn_commit(c);
      case 8:
        return end_transaction(static_cast<std::int64_t>(draw(3)), draw(2) == 0);
      case 9:
      case 10:
        return fetch(c);
      case 11:
        return remove(c);
      case 12:
        // Starts anew, and forgets who it was.
        c = {.group = c.group, .instance = c.instance};
        return;
      case 13:
        return confuse(c);
      default:
        return behave(c);
    }
  }

  // What a client does next if all is well.
  void behave(client& c) {
    if (c.waits != client::waits_for::nothing) return;
    if (c.generation < 0) return join(c);
    if (!c.has_part) return sync(c);
    if (c.next_beat <= w_.now.steady_ms) beat(c);
  }

  void join(client& c) {
    joining j{.member_id = c.member_id, .instance = c.instance, .group = c.group};
    j.session_ms = 10'000;
    j.rebalance_ms = 30'000;
    if (draw(6) == 0) j.protocols = {{"sticky", ""}, {"range", std::to_string(draw(3))}};
    c.asked = w_.send(join_of(j), static_cast<std::int16_t>(5 + draw(5)));
    c.waits = client::waits_for::join;
  }

  void sync(client& c) {
    std::vector<std::pair<std::string, std::string>> parts;
    if (c.leads) {
      for (const auto& m : c.members) parts.emplace_back(m, "part " + std::to_string(random_()));
    }
    auto r = sync_of(c.member_id, c.generation, parts, c.group);
    if (c.instance) r.group_instance_id = text::copy(*c.instance);
    c.asked = w_.send(r, 4);
    c.waits = client::waits_for::sync;
  }

  void beat(client& c) {
    c.next_beat = w_.now.steady_ms + 3'000;
    const auto a = w_.ask<kafka::heartbeat_response>(
        beat_of(c.member_id, c.generation, c.instance, c.group), 4);
    if (a.error == error_code::none) check_generation(c);
    if (a.error == error_code::rebalance_in_progress) return rejoin(c);
    heed(c, a.error);
  }

  void rejoin(client& c) {
    c.generation = -1;
    c.has_part = false;
    c.leads = false;
  }
  void heed(client& c, error_code why) {
    switch (why) {
      case error_code::none:
        return;
      case error_code::unknown_member_id:
      case error_code::fenced_instance_id:
        c.member_id.clear();
        return rejoin(c);
      default:
        return rejoin(c);
    }
  }

  void leave(client& c) {
    if (draw(3) != 0) return;
    const auto a =
        w_.ask<kafka::leave_group_response>(leave_of({{c.member_id, c.instance}}, c.group), 5);
    if (a.error == error_code::none && a.members[0].error == error_code::none) {
      c.member_id.clear();
      rejoin(c);
    }
  }

  void commit(client& c) {
    auto what = commit_by(c);
    what.offset = static_cast<std::int64_t>(random_() % 1'000'000);
    what.topic = any_topic();
    what.partition = static_cast<std::int32_t>(draw(3));
    if (draw(10) == 0) {
      what.member_id.clear();
      what.generation = -1;
    }
    const auto a = w_.ask<kafka::offset_commit_response>(commit_of(what), 9);
    if (a.topics[0].partitions[0].error != error_code::none) return;
    if (what.generation >= 0) check_generation(c);
    past_.commit({c.group, what.topic, what.partition}, what.offset);
  }

  void txn_commit(client& c) {
    auto what = commit_by(c);
    what.offset = static_cast<std::int64_t>(random_() % 1'000'000);
    what.topic = any_topic();
    what.partition = static_cast<std::int32_t>(draw(3));
    const auto producer = static_cast<std::int64_t>(draw(3));
    const auto a = w_.ask<kafka::txn_offset_commit_response>(txn_commit_of(what, producer), 5);
    if (a.topics[0].partitions[0].error != error_code::none) return;
    if (what.generation >= 0) check_generation(c);
    past_.txn_commit({c.group, what.topic, what.partition}, producer, what.offset);
  }

  void end_transaction(std::int64_t producer, bool commit) {
    past_.end(producer, commit);
    w_.marker(producer, commit);
  }

  void fetch(client& c) {
    const bool stable = draw(2) == 0;
    const place at{c.group, any_topic(), static_cast<std::int32_t>(draw(3))};
    const auto p = w_.ask<kafka::offset_fetch_response>(
                         fetch_of(std::pair(at.topic, at.partition), stable, at.group), 9)
                       .groups[0]
                       .topics[0]
                       .partitions[0];
    if (stable && past_.is_pending(at)) {
      CHECK(p.error == error_code::unstable_offset_commit);
      return;
    }
    const auto known = past_.committed.find(at);
    CHECK(p.error == error_code::none);
    CHECK(p.committed_offset == (known == past_.committed.end() ? -1 : known->second.first));
  }

  void remove(client& c) {
    if (draw(4) == 0) return w_.delete_topic(any_topic(), {});
    if (draw(2) == 0) {
      kafka::offset_delete_request r;
      r.group_id = text::copy(c.group);
      auto& t = r.topics.emplace_back();
      t.name = text::copy(any_topic());
      t.partitions.push_back({static_cast<std::int32_t>(draw(3))});
      (void)w_.ask<kafka::offset_delete_response>(r, 0);
      return;
    }
    kafka::delete_groups_request r;
    r.groups_names.push_back(text::copy(c.group));
    (void)w_.ask<kafka::delete_groups_response>(r, 2);
  }

  // Requests of somebody with old or made up facts; nobody reads the answers.
  void confuse(client& c) {
    client wrong = c;
    if (draw(2) == 0) wrong.generation += static_cast<std::int32_t>(draw(3)) - 1;
    if (draw(2) == 0) wrong.member_id = any().member_id;
    if (draw(4) == 0) wrong.group = any().group;
    const auto beat = w_.ask<kafka::heartbeat_response>(
        beat_of(wrong.member_id, wrong.generation, {}, wrong.group), 4);
    if (beat.error == error_code::none) check_generation(wrong);
    if (draw(2) == 0) return;
    wrong.leads = draw(2) == 0;
    wrong.members = {wrong.member_id, any().member_id};
    sync(wrong);
    strays_.emplace_back(wrong);
  }

  void crash() {
    if (draw(2) == 0) w_.compact();
    w_.crash();
    read_log_ = w_.log.size();
    past_.crash();
  }

  // Whoever acts with success in a generation acts in the last one there is.
  void check_generation(const client& c) {
    const auto& g = past_.groups[c.group];
    INFO("group " << c.group << " generation " << c.generation << " stored " << g.stored);
    CHECK(c.generation >= g.stored);
    CHECK(c.generation >= g.told);
  }

  // Everything that was answered or written since.
  void look() {
    for (; read_log_ < w_.log.size(); ++read_log_) read(w_.log[read_log_]);
    for (auto& c : clients_) hear(c);
    for (auto& c : strays_) hear(c);
    std::erase_if(strays_, [](const client& c) { return c.waits == client::waits_for::nothing; });
  }

  void read(const log_item& item) {
    if (item.marker) return;
    const auto& [key, value] = item.record;
    if (kafka::prefix_of(key) == record_type::offset_commit) {
      const auto k = kafka::decode_prefixed<logged::offset_commit_key>(key);
      if (!value) past_.erase({k->group.str(), k->topic.str(), k->partition});
      return;
    }
    const auto k = kafka::decode_prefixed<logged::group_metadata_key>(key);
    if (!value) {
      past_.groups.erase(k->group.str());
      return;
    }
    const auto v = kafka::decode_prefixed<logged::group_metadata_value>(*value);
    auto& g = past_.groups[k->group.str()];
    CHECK(v->generation >= g.stored);
    g.stored = v->generation;
    for (const auto& m : v->members) {
      remember_part(g, v->generation, m.member_id.view(), m.assignment);
    }
  }

  void remember_part(history::of_group& g, std::int32_t generation, std::string_view member,
                     const bytes& part) {
    const auto [at, fresh] =
        g.assignments.try_emplace({generation, identity_of(member)}, std::string(part.view()));
    INFO("member " << member << " generation " << generation);
    CHECK(at->second == part.view());
  }

  void hear(client& c) {
    if (c.waits == client::waits_for::nothing || !w_.answers.contains(c.asked)) return;
    const bool joins =
        std::exchange(c.waits, client::waits_for::nothing) == client::waits_for::join;
    if (joins) {
      heard_join(c, w_.get<kafka::join_group_response>(c.asked));
    } else {
      heard_sync(c, w_.get<kafka::sync_group_response>(c.asked));
    }
  }

  void heard_join(client& c, const kafka::join_group_response& a) {
    if (a.error == error_code::member_id_required) {
      c.member_id = a.member_id.str();
      return;
    }
    if (a.error != error_code::none) return heed(c, a.error);
    auto& g = past_.groups[c.group];
    CHECK(a.generation_id >= g.told);
    CHECK(a.generation_id >= g.stored);
    g.told = a.generation_id;
    const auto [leader, fresh] =
        g.leaders.try_emplace(a.generation_id, identity_of(a.leader.view()));
    CHECK(leader->second == identity_of(a.leader.view()));
    c.member_id = a.member_id.str();
    c.generation = a.generation_id;
    c.leads = a.leader == a.member_id && !a.skip_assignment;
    c.has_part = false;
    CHECK((!c.leads || !a.members.empty()));
    c.members.clear();
    for (const auto& m : a.members) c.members.push_back(m.member_id.str());
  }

  void heard_sync(client& c, const kafka::sync_group_response& a) {
    if (a.error != error_code::none) return heed(c, a.error);
    check_generation(c);
    c.has_part = true;
    remember_part(past_.groups[c.group], c.generation, c.member_id, a.assignment);
  }

  // All behave: soon they are together, each group in one generation.
  void calm() {
    for (int i = 0; i < 400; ++i) {
      w_.pass(1'000);
      look();
      for (auto& c : clients_) behave(c);
      look();
    }
    CHECK(strays_.empty());
    for (const auto& c : clients_) {
      kafka::describe_groups_request r;
      r.groups.push_back(text::copy(c.group));
      const auto g = w_.ask<kafka::describe_groups_response>(r, 5).groups[0];
      CHECK(g.group_state == "Stable");
      CHECK(g.members.size() == clients_.size() / 2);
      CHECK(c.has_part);
      CHECK(c.generation == past_.groups[c.group].stored);
    }
    CHECK(w_.unanswered() == 0);
  }

  std::mt19937_64 random_;
  group_world w_;
  history past_;
  std::vector<client> clients_;
  std::vector<client> strays_;
  std::size_t read_log_ = 0;
};

TEST_CASE("clients, good and confused, and crashes") {
  const char* one = std::getenv("WEIR_SEED");
  const char* many = std::getenv("WEIR_SEEDS");
  const std::uint64_t first = one ? std::strtoull(one, nullptr, 10) : 1;
  const std::uint64_t count = one ? 1 : many ? std::strtoull(many, nullptr, 10) : 60;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    INFO("seed " << seed);
    group_settings s;
    s.members_max = seed % 5 == 0 ? 4 : s.members_max;
    s.first_rebalance_delay_ms = seed % 3 == 0 ? 0 : 3'000;
    s.offsets_retention_ms = seed % 2 == 0 ? 120'000 : s.offsets_retention_ms;
    s.offsets_check_ms = 60'000;
    s.batch_bytes_max = seed % 4 == 0 ? 3'000 : s.batch_bytes_max;
    model(seed, s).run(600);
  }
}

}  // namespace
}  // namespace weir::group
