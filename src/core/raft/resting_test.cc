// Many groups between the same nodes, none of which takes more than so many messages in a
// millisecond: as long as all of them are awake, every answer is late.
#include "core/raft/resting.h"

#include <catch2/catch_all.hpp>

#include <deque>
#include <map>
#include <optional>
#include <set>

namespace weir::raft {
namespace {

const std::vector<node_id> nodes{node_id(1), node_id(2), node_id(3)};

struct crowd_options {
  int groups = 1;
  int messages_per_ms = 1000;
  milliseconds delay{1};  // from node to node
};

class crowd {
 public:
  explicit crowd(crowd_options how) : how_(how) {
    for (const auto node : nodes) start(node);
  }

  void start(node_id node) {
    up_.insert(node);
    for (int group = 0; group < how_.groups; ++group) {
      auto& c = copies_[{node, group}];
      stored_state stored{.last_vote = c.saved,
                          .last_index = log_index(c.log.size()),
                          .members = {.voters = nodes}};
      for (const auto& e : c.log) {
        if (stored.terms.empty() || stored.terms.back().term != e.term)
          stored.terms.push_back({e.term, e.index});
      }
      c.core.emplace(node, stored, options(), static_cast<std::uint64_t>(group * 3 + node.value()));
    }
    // As the brokers' own beats tell it.
    for (auto& [key, c] : copies_) {
      if (!c.core || key.first == node) continue;
      if (c.core->current_role() == role::leader) {
        if (c.core->asleep()) c.core->wake(now_, {});
      } else if (c.core->leader() == node) {
        leader_gone(c, key.second);
      }
    }
  }

  void kill(node_id node) {
    up_.erase(node);
    inbox_[node].clear();
    for (auto& [key, c] : copies_) {
      if (key.first == node) c.core.reset();
    }
    for (auto& [key, c] : copies_) {
      if (c.core && c.core->leader() == node) leader_gone(c, key.second);
    }
  }

  void advance(milliseconds by) {
    for (const auto end = now_ + by; now_ < end;) {
      now_ += milliseconds(1);
      if (now_.count() % 10 == 0) tick();
      for (const auto node : nodes) take(node);
    }
  }

  // How long it took; nothing: longer than that.
  std::optional<milliseconds> until(milliseconds most, const std::function<bool()>& holds) {
    const auto began = now_;
    while (!holds()) {
      if (now_ - began > most) return std::nullopt;
      advance(milliseconds(10));
    }
    return now_ - began;
  }

  [[nodiscard]] bool all_led() { return count(&consensus::serving) == how_.groups; }
  [[nodiscard]] bool all_sleep() {
    return count(&consensus::asleep) == how_.groups * static_cast<int>(up_.size());
  }
  [[nodiscard]] bool all_have(log_index last) {
    return std::ranges::all_of(copies_, [&](const auto& c) {
      return c.second.core->last_index() >= last && c.second.core->commit_index() >= last;
    });
  }
  [[nodiscard]] std::size_t sent() const { return sent_; }
  // Of any of the groups.
  [[nodiscard]] const consensus& leader() {
    return *std::ranges::find_if(copies_, [](const auto& c) {
              return c.second.core && c.second.core->serving();
            })->second.core;
  }

  // An entry for each group.
  void write() {
    for (auto& [key, c] : copies_) {
      if (!c.core || !c.core->accepts_proposals()) continue;
      if (c.core->asleep()) c.core->wake(now_, now_);
      const entry_head one{.offset_count = 1, .size = 1};
      perform(key, c.core->propose({&one, 1}));
    }
  }

 private:
  using copy_key = std::pair<node_id, int>;
  struct copy {
    std::optional<consensus> core;
    std::vector<entry_head> log;
    vote saved;
  };
  struct on_way {
    milliseconds due;
    int group;
    message m;
  };

  [[nodiscard]] static raft_options options() { return {.rest = true}; }

  int count(bool (consensus::*is)() const) {
    int n = 0;
    for (const auto& [key, c] : copies_) n += c.core && ((*c.core).*is)() ? 1 : 0;
    return n;
  }

  void leader_gone(copy& c, int group) {
    if (c.core->asleep()) c.core->wake(now_, {});
    c.core->leader_gone(now_, static_cast<std::uint64_t>(group));
  }

  void tick() {
    for (auto& [key, c] : copies_) {
      if (c.core && c.core->needs_time()) perform(key, c.core->tick(now_));
    }
  }

  void take(node_id node) {
    auto& inbox = inbox_[node];
    for (int i = 0; i < how_.messages_per_ms && !inbox.empty() && inbox.front().due <= now_; ++i) {
      const auto next = std::move(inbox.front());
      inbox.pop_front();
      auto& c = copies_[{node, next.group}];
      if (sleeps_through(*c.core, next.m)) continue;
      if (c.core->asleep()) c.core->wake(now_, now_);
      perform({node, next.group}, c.core->step(next.m));
    }
  }

  // Its disk is as fast as its memory.
  void perform(copy_key key, const effects& out) {
    auto& c = copies_[key];
    REQUIRE_FALSE(out.fault);
    if (out.truncate_after) c.log.resize(out.truncate_after->value());
    if (out.save_vote) c.saved = *out.save_vote;
    c.log.insert(c.log.end(), out.append.begin(), out.append.end());
    for (const auto* list : {&out.send, &out.send_once_durable, &out.heartbeats}) {
      for (const auto& m : *list) post(key.second, m);
    }
    for (const auto& wanted : out.ship) {
      const auto from = c.log.begin() + static_cast<std::ptrdiff_t>(wanted.from.value() - 1);
      const std::vector<entry_head> heads(from, c.log.end());
      perform(key, c.core->ship(wanted.to, wanted.from, heads, {}));
    }
    if (!out.append.empty()) perform(key, c.core->durable(c.core->last_index()));
  }

  void post(int group, const message& m) {
    ++sent_;
    if (up_.contains(m.to)) inbox_[m.to].push_back({now_ + how_.delay, group, m});
  }

  crowd_options how_;
  std::map<copy_key, copy> copies_;
  std::map<node_id, std::deque<on_way>> inbox_;
  std::set<node_id> up_;
  milliseconds now_{1000};
  std::size_t sent_ = 0;
};

constexpr milliseconds soon{3000};

TEST_CASE("groups fall asleep however late their answers are") {
  // From 2 to 220 ms there and back; heartbeats leave every 50 ms.
  for (const int delay : {1, 20, 30, 60, 110}) {
    CAPTURE(delay);
    crowd c({.groups = 3, .delay = milliseconds(delay)});
    REQUIRE(c.until(soon * 3, [&] { return c.all_led(); }));
    CHECK(c.until(soon, [&] { return c.all_sleep(); }));
    c.write();
    CHECK(c.until(soon, [&] { return c.all_have(log_index(2)) && c.all_sleep(); }));
    c.advance(soon);  // what is on its way may wake some, who ask nobody
    const auto sent = c.sent();
    c.advance(soon);
    CHECK(c.sent() == sent);
  }
}

TEST_CASE("a crowd whose answers are late because it is one falls asleep") {
  // Awake, each node has 400 messages to take in a heartbeat interval, and takes 420.
  crowd c({.groups = 150, .messages_per_ms = 8});
  REQUIRE(c.until(soon * 3, [&] { return c.all_led(); }));
  CHECK(c.until(soon, [&] { return c.all_sleep(); }));

  c.kill(node_id(1));
  REQUIRE(c.until(soon * 3, [&] { return c.all_led(); }));
  c.write();
  c.advance(milliseconds(500));
  c.start(node_id(1));
  CHECK(c.until(soon * 3, [&] { return c.all_have(log_index(2)) && c.all_sleep(); }));
}

TEST_CASE("who stands in vain stands less and less often, until a leader is heard") {
  consensus c(nodes[0], {.members = {.voters = nodes}}, {}, 7);
  milliseconds now{1000};
  const auto stands_within = [&](milliseconds time) {
    int count = 0;
    for (const auto end = now + time; now < end; now += milliseconds(10)) {
      count += c.tick(now).send.empty() ? 0 : 1;
    }
    return count;
  };
  const auto first = stands_within(milliseconds(1000));
  CHECK(first >= 2);
  CHECK(stands_within(milliseconds(30'000)) < 15 * first);
  (void)c.step({nodes[1], nodes[0], term(1), heartbeat{.round = 1}});
  REQUIRE(c.leader() == nodes[1]);
  CHECK(stands_within(milliseconds(1000)) >= 2);
}

TEST_CASE("who stays away is not waited for, and gets all when it is back") {
  crowd c({.groups = 20});
  REQUIRE(c.until(soon, [&] { return c.all_led(); }));
  REQUIRE(c.until(soon, [&] { return c.all_sleep(); }));
  c.kill(node_id(2));
  REQUIRE(c.until(soon, [&] { return c.all_led(); }));
  c.write();
  CHECK(c.until(soon + milliseconds(500), [&] { return c.all_sleep(); }));
  const auto sent = c.sent();
  c.advance(soon);
  CHECK(c.sent() == sent);
  CHECK(c.leader().may_sleep([](node_id node) { return node != node_id(2); }));
  CHECK_FALSE(c.leader().may_sleep([](node_id) { return true; }));  // it lacks something

  c.write();
  CHECK(c.until(soon + milliseconds(500), [&] { return c.all_sleep(); }));
  c.start(node_id(2));
  CHECK(c.until(soon, [&] { return c.all_have(log_index(3)) && c.all_sleep(); }));
}

// A lone voter with learners: nobody else's silence keeps it awake.
class lone_voter {
 public:
  consensus c{nodes[0],
              {.members = {.voters = {nodes[0]}, .learners = {nodes[1], nodes[2]}}},
              {.rest = true},
              7};

  lone_voter() {
    pass(milliseconds(10));
    (void)c.durable(log_index(1));
    REQUIRE(c.serving());
  }
  void pass(milliseconds by) {
    now_ += by;
    for (const auto& m : c.tick(now_).heartbeats) round_ = std::get<heartbeat>(m.body).round;
  }
  // Says whether it was heard.
  bool say(node_id from, decltype(message::body) body) {
    const message m{from, nodes[0], c.current_term(), std::move(body)};
    if (sleeps_through(c, m)) return false;
    if (c.asleep()) c.wake(now_, now_);
    (void)c.step(m);
    return true;
  }
  bool agree(node_id from, log_index has) {
    return say(from,
               heartbeat_reply{.round = round_, .received = has, .stored = has, .rests = true});
  }

 private:
  milliseconds now_{1000};
  std::uint64_t round_ = 0;
};

TEST_CASE("who answers an append is awake, whatever it said before") {
  lone_voter l;
  l.pass(milliseconds(50));
  for (const auto node : {nodes[1], nodes[2]}) {
    l.say(node, append_reply{.accepted = true, .match = log_index(1)});
  }
  l.pass(milliseconds(50));
  l.agree(nodes[1], log_index(1));
  l.say(nodes[1], append_reply{.accepted = true, .match = log_index(1)});  // to a late one
  l.agree(nodes[2], log_index(1));
  CHECK_FALSE(l.c.asleep());
  l.pass(milliseconds(50));
  l.agree(nodes[1], log_index(1));
  l.agree(nodes[2], log_index(1));
  CHECK(l.c.asleep());
}

TEST_CASE("a leader that sleeps without one hears it when it is back, and rests no more") {
  lone_voter l;
  l.pass(milliseconds(50));
  l.say(nodes[2], append_reply{.accepted = true, .match = log_index(1)});
  for (int i = 0; i < 100; ++i) {
    if (l.c.asleep()) break;
    l.pass(milliseconds(50));
    l.agree(nodes[2], log_index(1));
  }
  REQUIRE(l.c.asleep());  // without the other one, of which it never heard
  CHECK_FALSE(l.agree(nodes[2], log_index(1)));
  // It believes that it has all it needs to know.
  CHECK(l.agree(nodes[1], log_index(0)));
  CHECK_FALSE(l.c.asleep());
}

TEST_CASE("a heartbeat of before the one agreed to does not wake") {
  consensus c(nodes[1], {.members = {.voters = {nodes[0]}, .learners = {nodes[1]}}}, {.rest = true},
              7);
  (void)c.tick(milliseconds(10));
  const auto hear = [&](decltype(message::body) body) {
    if (c.asleep()) c.wake(milliseconds(10), milliseconds(10));
    return c.step({nodes[0], nodes[1], term(1), std::move(body)});
  };
  hear(append_request{
      .entries = {{.term = term(1), .index = log_index(1), .kind = entry_kind::term_start}},
      .commit = log_index(1)});
  (void)c.durable(log_index(1));
  hear(heartbeat{.commit = log_index(1), .round = 5, .rest = true});
  REQUIRE(c.asleep());
  hear(heartbeat{.commit = log_index(1), .round = 4});
  CHECK(c.asleep());
  hear(heartbeat{.commit = log_index(1), .round = 6});
  CHECK_FALSE(c.asleep());
}

}  // namespace
}  // namespace weir::raft
