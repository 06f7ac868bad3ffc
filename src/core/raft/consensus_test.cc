#include "core/raft/consensus.h"

#include <catch2/catch_all.hpp>

namespace weir::raft {
namespace {

constexpr node_id self{1};
constexpr node_id second{2};
constexpr node_id third{3};

stored_state alone(vote last_vote = {}, std::vector<term_run> terms = {}, log_index last = {}) {
  return {.last_vote = last_vote,
          .terms = std::move(terms),
          .last_index = last,
          .members = {.voters = {self}}};
}

consensus of_three(const raft_options& options = {}) {
  return {self, {.members = {.voters = {self, second, third}}}, options, 7};
}

TEST_CASE("a lone voter leads a new term and serves once its first entry is durable") {
  consensus c(self, alone({term(4), self}, {{term(3), log_index(1)}}, log_index(9)), {}, 1);
  const auto elected = c.tick({});
  REQUIRE(elected.save_vote);
  CHECK(elected.save_vote->term == term(5));
  REQUIRE(elected.append.size() == 1);
  CHECK(elected.append[0].index == log_index(10));
  CHECK(elected.append[0].kind == entry_kind::term_start);
  CHECK(c.current_role() == role::leader);
  CHECK_FALSE(c.serving());
  CHECK_FALSE(c.durable(log_index(9)).commit);  // older terms don't count by themselves
  CHECK(c.durable(log_index(10)).commit == log_index(10));
  CHECK(c.serving());
  CHECK_FALSE(c.tick({}).save_vote);
}

TEST_CASE("an entry is committed when durable, not when appended") {
  consensus c(self, alone(), {}, 1);
  (void)c.tick({});
  (void)c.durable(log_index(1));
  const std::vector<entry_head> two{{.offset_count = 3}, {.offset_count = 1}};
  const auto out = c.propose(two);
  REQUIRE(out.append.size() == 2);
  CHECK(out.append[0].index == log_index(2));
  CHECK(out.append[1].index == log_index(3));
  CHECK(out.append[1].term == term(1));
  CHECK(c.commit_index() == log_index(1));
  CHECK(c.durable(log_index(2)).commit == log_index(2));
  CHECK_FALSE(c.durable(log_index(2)).commit);
  CHECK(c.durable(log_index(3)).commit == log_index(3));
}

TEST_CASE("the term after a crash is above any vote given, and above any entry's") {
  consensus c(self, alone({term(7), self}, {{term(2), log_index(1)}}, log_index(2)), {}, 1);
  CHECK(c.tick({}).save_vote->term == term(8));
  consensus d(self, alone({term(1), self}, {{term(3), log_index(1)}}, log_index(2)), {}, 1);
  CHECK(d.tick({}).save_vote->term == term(4));
}

TEST_CASE("a lone voter with a learner is not heard of before its vote is durable") {
  consensus c(self, {.members = {.voters = {self}, .learners = {second}}}, {}, 1);
  const auto elected = c.tick({});
  CHECK(elected.ship.empty());
  CHECK(elected.send.empty());
  CHECK(c.tick(milliseconds(500)).heartbeats.empty());
  const auto out = c.durable(log_index(1));
  CHECK(out.commit == log_index(1));
  REQUIRE(out.ship.size() == 1);
  CHECK(out.ship[0].to == second);
  CHECK(out.heartbeats.size() == 1);
}

TEST_CASE("timeouts are drawn from the range, and from the seed") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    consensus c(self, {.members = {.voters = {self, second}}}, {}, seed);
    milliseconds at{};
    while (c.tick(at).send.empty()) at += milliseconds(1);
    CHECK(at >= milliseconds(150));
    CHECK(at <= milliseconds(300));
  }
}

// Leads three nodes in term 1, with its term_start on all disks.
consensus leading_three(const raft_options& options = {}) {
  auto c = of_three(options);
  (void)c.tick({});
  (void)c.tick(milliseconds(1000));
  (void)c.step({second, self, term(1), vote_reply{.granted = true, .pre_vote = true}});
  (void)c.step({second, self, term(1), vote_reply{.granted = true}});
  (void)c.durable(log_index(1));
  const entry_head first{.term = term(1), .index = log_index(1), .kind = entry_kind::term_start};
  for (const auto peer : {second, third}) {
    (void)c.ship(peer, first.index, {&first, 1}, {});
    (void)c.step({peer, self, term(1), append_reply{.accepted = true, .match = log_index(1)}});
  }
  REQUIRE(c.serving());
  return c;
}

TEST_CASE("what is on its way to a follower is bounded in messages and bytes") {
  auto c = leading_three({.inflight_messages_max = 3, .inflight_bytes_max = 1000});
  const auto ship_all = [&](std::uint32_t size) {
    int messages = 0;
    auto out = c.propose(std::vector<entry_head>(1, {.size = size}));
    while (!out.ship.empty() && out.ship[0].to == second) {
      std::vector<entry_head> heads;
      for (auto i = out.ship[0].from; i <= out.ship[0].through; ++i) {
        heads.push_back({.term = term(1), .index = i, .size = size});
      }
      out = c.ship(second, out.ship[0].from, heads, {});
      messages += static_cast<int>(out.send.size());
    }
    return messages;
  };
  CHECK(ship_all(10) == 1);
  CHECK(ship_all(10) == 1);
  CHECK(ship_all(10) == 1);
  CHECK(ship_all(10) == 0);
  const auto last = c.last_index();
  (void)c.durable(last);
  auto out = c.step({second, self, term(1), append_reply{.accepted = true, .match = last - 1}});
  REQUIRE(out.ship.size() == 1);
  CHECK(out.ship[0].from == last);
  const entry_head big{.term = term(1), .index = last, .size = 1000};
  CHECK(c.ship(second, last, {&big, 1}, {}).send.size() == 1);
  CHECK(ship_all(1) == 0);  // the bytes are used up
}

TEST_CASE("heartbeats of groups that tick together are due together, whenever they were elected") {
  auto early = leading_three();
  consensus late(self, {.members = {.voters = {self, second}}}, {}, 3);
  (void)late.tick(milliseconds(700));
  (void)late.tick(milliseconds(1013));
  (void)late.step({second, self, term(1), vote_reply{.granted = true, .pre_vote = true}});
  (void)late.step({second, self, term(1), vote_reply{.granted = true}});
  REQUIRE(late.current_role() == role::leader);
  std::vector<milliseconds> beats_early;
  std::vector<milliseconds> beats_late;
  for (milliseconds at(1014); at < milliseconds(1250); at += milliseconds(7)) {
    if (!early.tick(at).heartbeats.empty()) beats_early.push_back(at);
    if (!late.tick(at).heartbeats.empty()) beats_late.push_back(at);
  }
  CHECK(beats_early.size() == 4);
  CHECK(beats_early == beats_late);
}

TEST_CASE("a peer's nonsense is refused and told") {
  auto c = of_three();
  (void)c.tick({});
  const auto told = [&](append_request request) {
    return c.step({second, self, term(3), std::move(request)}).fault;
  };
  using heads = std::vector<entry_head>;
  CHECK(told({.entries = heads{{.term = term(1), .index = log_index(2)}}}) == fault::malformed);
  CHECK(told({.entries = heads{{.term = term(4), .index = log_index(1)}}}) == fault::malformed);
  CHECK(told({.entries = heads{{.term = term(1),
                                .index = log_index(1),
                                .kind = entry_kind::configuration}}}) == fault::malformed);
  CHECK(told({.configurations = {{log_index(1), {.voters = {self}}}}}) == fault::malformed);
  CHECK(c.last_index() == log_index(0));
  CHECK_FALSE(
      told({.entries = heads{{.term = term(1), .index = log_index(1)}}, .commit = log_index(1)}));
  CHECK(c.commit_index() == log_index(1));
  CHECK(told({.entries = heads{{.term = term(2), .index = log_index(1)}}}) ==
        fault::conflict_with_commit);

  auto leader = leading_three();
  const auto out =
      leader.step({second, self, term(1), append_reply{.accepted = true, .match = log_index(99)}});
  CHECK(out.fault == fault::match_beyond_log);
  CHECK(leader.peer(second)->match() == log_index(1));
}

// What a follower takes where indexes are left out.
TEST_CASE("a hole is believed only below the commit, and not where a term begins") {
  const auto taken = [](std::vector<entry_head> entries, std::uint64_t commit) {
    auto c = of_three();
    (void)c.tick({});
    const auto out =
        c.step({second, self, term(3),
                append_request{.entries = std::move(entries), .commit = log_index(commit)}});
    CHECK(out.fault ==
          (c.last_index() == log_index(0) ? std::optional(fault::malformed) : std::nullopt));
    return !out.fault;
  };
  const entry_head first{.term = term(1), .index = log_index(1), .kind = entry_kind::term_start};
  const entry_head later{.term = term(1), .index = log_index(5)};
  CHECK(taken({first, later}, 5));
  CHECK(taken({first, later}, 9));
  CHECK_FALSE(taken({first, later}, 4));  // nothing says that it stays
  CHECK_FALSE(taken({later, first}, 9));
  const entry_head of_two{.term = term(2), .index = log_index(5)};
  CHECK_FALSE(taken({first, of_two}, 9));
  const entry_head begins{.term = term(2), .index = log_index(5), .kind = entry_kind::term_start};
  CHECK(taken({first, begins}, 9));
}

TEST_CASE("what all members have is known to the leader, and told") {
  auto c = leading_three();
  (void)c.propose(std::vector<entry_head>(3, {.size = 1}));
  const auto stored = [&](node_id peer, std::uint64_t through) {
    (void)c.step(
        {peer, self, term(1), append_reply{.accepted = true, .match = log_index(through)}});
  };
  stored(second, 4);
  CHECK(c.everyone() == log_index(1));
  (void)c.durable(log_index(4));
  stored(third, 3);
  CHECK(c.everyone() == log_index(3));
  const auto beats = c.tick(milliseconds(1100)).heartbeats;
  REQUIRE(beats.size() == 2);
  CHECK(std::get<heartbeat>(beats[0].body).everyone == log_index(3));
}

TEST_CASE("a log that was given up binds the vote that it would have given") {
  const configuration three{.voters = {self, second, third}};
  const auto asked = [&](entry_id last) {
    consensus c(self,
                {.last_vote = {.term = term(5)}, .members = three, .held = {term(4), log_index(9)}},
                {}, 1);
    (void)c.tick({});
    const auto out = c.step({second, self, term(6), vote_request{.last = last}});
    return std::get<vote_reply>(out.send_once_durable.at(0).body).granted;
  };
  CHECK_FALSE(asked({term(4), log_index(8)}));
  CHECK(asked({term(4), log_index(9)}));
  consensus c(self, {.members = three, .held = {term(4), log_index(9)}}, {}, 1);
  for (milliseconds at{}; at < milliseconds(5000); at += milliseconds(10))
    CHECK(c.tick(at).send.empty());  // nor does it stand
}

TEST_CASE("a node that nobody counted on yet does not stand") {
  consensus joining(third, {}, {}, 1);
  for (milliseconds at{}; at < milliseconds(5000); at += milliseconds(10)) {
    CHECK(joining.tick(at).send.empty());
  }
}

}  // namespace
}  // namespace weir::raft
