// What a group of replicas does, case by case. Random histories: replica_chaos_test.cc.
#include <seastar/core/coroutine.hh>
#include <seastar/util/later.hh>

#include "core/record/batches.h"
#include "engine/replica/replica_world_test.h"

namespace weir {
namespace {

raft::configuration voters(std::vector<int> nodes, std::vector<int> learners = {}) {
  raft::configuration out;
  for (const auto n : nodes) out.voters.emplace_back(n);
  for (const auto n : learners) out.learners.emplace_back(n);
  return out;
}

seastar::future<> lead_and_agree(replica_world& w) {
  co_await w.until([&] { return w.leader() != 0; }, "somebody leads");
  co_await w.produce_some(1);
  co_await w.until([&] { return w.agreed(); }, "all agree");
}

SEASTAR_TEST_CASE(three_agree) {
  replica_world w(1, {});
  co_await w.open_all();
  co_await w.produce_some(50);
  co_await w.until([&] { return w.agreed(); }, "all agree");
  co_await w.check_equal();
  const auto lead = w.leader();
  for (int i = 1; i <= 3; ++i) {
    BOOST_REQUIRE_EQUAL(w.at(i)->leadership().leader.value(), lead);
    BOOST_REQUIRE(w.at(i)->check_serves().has_value() == (i == lead));
  }
  BOOST_REQUIRE_EQUAL(w.at(lead)->peers().size(), 2u);
  co_await w.until(
      [&] {
        return std::ranges::all_of(w.at(lead)->peers(),
                                   [](const peer_report& p) { return p.lag == 0; });
      },
      "the leader knows");
  co_await w.stop_all();
}

SEASTAR_TEST_CASE(a_leader_that_is_cut_off_tells_who_waits) {
  replica_world w(2, {});
  co_await w.open_all();
  co_await lead_and_agree(w);
  const auto old = w.leader();
  w.isolate(old);
  auto asked = w.produce(0);
  co_await w.until([&] { return asked.available(); }, "it is told");
  BOOST_REQUIRE(!asked.get());
  co_await w.until([&] { return w.leader() != 0 && w.leader() != old; }, "another one leads");
  co_await w.produce_some(10);
  w.heal();
  co_await w.until([&] { return w.agreed(); }, "all agree");
  BOOST_REQUIRE_GT(w.at(old)->figures().truncations, 0u);
  co_await w.check_equal();
  co_await w.stop_all();
}

// The vote that a node gave lies behind the entries that its new leader cuts off.
SEASTAR_TEST_CASE(a_vote_is_kept_through_a_truncation_and_a_crash) {
  replica_world w(3, {});
  co_await w.open_all();
  co_await lead_and_agree(w);
  const auto old = w.leader();
  w.isolate(old);
  auto asked = w.produce(0);  // never committed, cut off later
  co_await w.until([&] { return asked.available(); }, "it is told");
  (void)asked.get();
  co_await w.until([&] { return w.leader() != 0 && w.leader() != old; }, "another one leads");
  const auto elected = w.at(w.leader())->core().current_term();
  w.heal();
  co_await w.until([&] { return w.at(old)->figures().truncations > 0 && w.agreed(); }, "it is cut");
  const auto vote = w.at(old)->log().last_vote();
  BOOST_REQUIRE(vote.term >= elected);
  co_await w.crash(old);
  co_await w.open(old);
  BOOST_REQUIRE(w.at(old)->log().last_vote() == vote);
  BOOST_REQUIRE(w.at(old)->core().current_term() >= elected);
  co_await w.stop_all();
}

SEASTAR_TEST_CASE(a_follower_behind_the_start_of_the_log_gets_the_state) {
  for (std::uint64_t seed = 41; seed < 51; ++seed) {
    replica_world w(seed, {.segment_bytes = 8 * 1024});
    co_await w.open_all();
    co_await lead_and_agree(w);
    const auto lead = w.leader();
    const auto away = lead % 3 + 1;
    w.isolate(away);
    co_await w.produce_some(120);
    auto* r = w.at(lead);
    auto deleting = r->delete_records(r->high_watermark() - 10);
    while (!deleting.available()) co_await w.step();
    BOOST_REQUIRE(deleting.get().has_value());
    co_await w.until([&] { return r->log().base().index > w.at(away)->log().last_index(); },
                     "its files follow");
    w.heal();
    if (seed % 2 == 0) {
      co_await w.until([&] { return w.at(away)->figures().resets > 0; }, "it gets the state");
      co_await w.crash(away);
      co_await w.open(away);
    }
    co_await w.until([&] { return w.agreed(); }, "all agree");
    BOOST_REQUIRE_GT(w.at(away)->start_offset().value(), 0);
    co_await w.check_equal();
    // It knows the producers.
    (void)w.at(w.leader())->transfer(node_id(away));
    co_await w.until([&] { return w.leader() == away; }, "it leads");
    co_await w.produce_some(20);
    co_await w.until([&] { return w.agreed(); }, "all agree");
    co_await w.check_equal();
    co_await w.stop_all();
  }
}

// Answered, it is known to whoever leads next, though the copies' files may not have followed.
SEASTAR_TEST_CASE(what_was_deleted_is_seen_by_nobody_again) {
  for (std::uint64_t seed = 61; seed < 71; ++seed) {
    replica_world w(seed, {.with_journal = seed % 2 == 0, .segment_bytes = 8 * 1024});
    co_await w.open_all();
    co_await lead_and_agree(w);
    offset start{0};
    for (int round = 0; round < 4; ++round) {
      co_await w.produce_some(40);
      const auto lead = w.leader();
      auto* r = w.at(lead);
      start = r->high_watermark() - 7;
      auto deleting = r->delete_records(start);
      while (!deleting.available()) co_await w.step();
      BOOST_REQUIRE(deleting.get() == start);
      BOOST_REQUIRE(!(co_await r->read(start - 1, 100, true, r->high_watermark())).has_value());
      if (round == 2) {
        for (int i = 1; i <= 3; ++i) co_await w.crash(i);
        for (int i = 1; i <= 3; ++i) co_await w.open(i);
      } else {
        co_await w.crash(lead);
      }
      co_await w.until([&] { return w.leader() != 0; }, "somebody leads");
      BOOST_REQUIRE(w.at(w.leader())->start_offset() == start);
      if (round != 2) co_await w.open(lead);
    }
    co_await w.produce_some(1);
    co_await w.until(
        [&] {
          return w.agreed() && std::ranges::all_of(std::array{1, 2, 3}, [&](int i) {
                   return w.at(i)->log().start_offset() == start &&
                          w.at(i)->log().moved_starts().empty();
                 });
        },
        "all begin there");
    co_await w.stop_all();
  }
}

// Deletions that went from all copies are unknown to a learner that has what they deleted: it
// begins again.
SEASTAR_TEST_CASE(a_learner_that_missed_deletions_starts_over) {
  for (std::uint64_t seed = 81; seed < 91; ++seed) {
    replica_world w(seed, {.spares = 1, .compact = 1e-9, .segment_bytes = 6 * 1024});
    co_await w.open_all();
    co_await lead_and_agree(w);
    co_await w.produce_some(30);
    auto change = [&](raft::configuration to) -> seastar::future<> {
      bool asked = false;
      co_await w.until(
          [&] {
            if (!asked && w.leader() != 0) asked = w.at(w.leader())->change(to).has_value();
            return asked && w.leader() != 0 && !w.at(w.leader())->change_under_way() &&
                   w.at(w.leader())->members().members == raft::normal(to);
          },
          "the members change");
    };
    // It has something, and is away then; out of the group nobody waits for it.
    co_await change(voters({1, 2, 3}, {4}));
    co_await w.until([&] { return w.agreed(); }, "it has all");
    w.isolate(4);
    co_await change(voters({1, 2, 3}));
    for (int round = 0;
         round < 30 && w.at(w.leader())->log().forgotten() <= w.at(4)->log().last_index();
         ++round) {
      co_await w.produce_some(20);
      co_await w.steps(40);
      for (int i = 1; i <= 3; ++i) {
        auto pass = w.compact(i);
        while (!pass.available()) co_await w.step();
        pass.get();
      }
    }
    BOOST_REQUIRE(w.at(w.leader())->log().forgotten() > w.at(4)->log().last_index());
    w.heal();
    co_await change(voters({1, 2, 3}, {4}));
    co_await w.until([&] { return w.agreed(); }, "it has all again");
    BOOST_REQUIRE_GT(w.at(4)->figures().resets, 0u);
    co_await w.check_keys();
    co_await change(voters({2, 3, 4}));
    co_await w.produce_some(30);
    co_await w.until([&] { return w.agreed(); }, "all agree");
    co_await w.check_keys();
    co_await w.stop_all();
  }
}

SEASTAR_TEST_CASE(leadership_is_handed_over) {
  replica_world w(5, {});
  co_await w.open_all();
  co_await lead_and_agree(w);
  for (int round = 0; round < 6; ++round) {
    const auto heir = w.leader() % 3 + 1;
    BOOST_REQUIRE(w.at(w.leader())->transfer(node_id(heir)).has_value());
    co_await w.until([&] { return w.leader() == heir; }, "the heir leads", 100);
    co_await w.produce_some(5);
  }
  BOOST_REQUIRE(w.at(w.leader() % 3 + 1)->transfer(node_id(1)).error() == change_error::not_leader);
  co_await w.stop_all();
}

SEASTAR_TEST_CASE(three_are_replaced_by_three_others) {
  replica_world w(6, {.spares = 3});
  co_await w.open_all();
  co_await w.produce_some(40);
  co_await w.until([&] { return w.leader() != 0; }, "somebody leads");
  BOOST_REQUIRE(w.at(w.leader())->change(voters({4, 5, 6})).error() == change_error::not_caught_up);
  BOOST_REQUIRE(w.at(w.leader())->change(voters({1, 2, 3}, {4, 5, 6})).has_value());
  const auto caught_up = [&] {
    const auto lead = w.leader();
    if (lead == 0) return false;
    std::size_t ready = 0;
    for (const auto& p : w.at(lead)->peers()) ready += !p.voter && p.caught_up ? 1U : 0U;
    return ready == 3 && !w.at(lead)->change_under_way();
  };
  co_await w.until(caught_up, "the new ones catch up");
  BOOST_REQUIRE(w.at(w.leader())->change(voters({4, 5, 6})).has_value());
  co_await w.until([&] { return w.leader() > 3 && !w.at(w.leader())->change_under_way(); },
                   "a new one leads");
  BOOST_REQUIRE(w.at(w.leader())->members().members == voters({4, 5, 6}));
  co_await w.produce_some(20);
  // The new ones know without being told.
  for (const int node : {4, 5, 6}) {
    co_await w.crash(node);
    co_await w.open(node);
    BOOST_REQUIRE(w.at(node)->members().members == voters({4, 5, 6}));
  }
  co_await lead_and_agree(w);
  co_await w.check_equal();
  co_await w.stop_all();
}

SEASTAR_TEST_CASE(a_lone_replica_gets_others_and_is_alone_again) {
  replica_world w(7, {.voters = 1, .spares = 2});
  co_await w.open_all();
  BOOST_REQUIRE_EQUAL(w.at(1)->log().last_index().value(), 0u);  // it waits for the first batch
  const auto placed = w.at(1)->place_command("first", timestamp(1));
  BOOST_REQUIRE(placed.has_value());
  BOOST_REQUIRE_EQUAL(placed->index.value(), 2u);
  co_await w.at(1)->wait_committed(placed->index, placed->term);
  co_await w.step();
  BOOST_REQUIRE_EQUAL(w.at(1)->log().figures().flushes, 1u);
  BOOST_REQUIRE(w.at(1)->change(voters({1}, {2, 3})).has_value());
  const auto ready = [&] {
    return std::ranges::count_if(w.at(1)->peers(),
                                 [](const peer_report& p) { return p.caught_up; }) == 2 &&
           !w.at(1)->change_under_way();
  };
  co_await w.until(ready, "they catch up");
  BOOST_REQUIRE(w.at(1)->change(voters({1, 2, 3})).has_value());
  co_await w.until([&] { return w.agreed() && w.at(1)->members().members == voters({1, 2, 3}); },
                   "three are members");
  co_await w.produce_some(10);
  if (w.leader() != 1) {
    (void)w.at(w.leader())->transfer(node_id(1));
    co_await w.until([&] { return w.leader() == 1; }, "the first leads");
  }
  BOOST_REQUIRE(w.at(1)->change(voters({1})).has_value());
  co_await w.until(
      [&] { return w.at(1)->members().members == voters({1}) && !w.at(1)->change_under_way(); },
      "it is alone");
  co_await w.produce_some(10);
  co_await w.crash(1);
  co_await w.open(1);
  co_await w.produce_some(3);
  co_await w.stop_all();
}

SEASTAR_TEST_CASE(linearizable_reads_wait_for_a_round) {
  replica_world w(8, {});
  co_await w.open_all();
  co_await lead_and_agree(w);
  const auto lead = w.leader();
  auto asked = w.at(lead)->linearizable_read();
  BOOST_REQUIRE(!asked.available());
  co_await w.until([&] { return asked.available(); }, "it is answered");
  BOOST_REQUIRE(asked.get().value() == w.at(lead)->core().commit_index());
  w.isolate(lead);
  auto cut_off = w.at(lead)->linearizable_read();
  co_await w.until([&] { return cut_off.available(); }, "it is refused");
  BOOST_REQUIRE(cut_off.get().error() == replica_error::not_leader);
  BOOST_REQUIRE(w.at(lead % 3 + 1)->check_epoch(-1).has_value());
  co_await w.stop_all();
}

SEASTAR_TEST_CASE(bad_frames_are_counted_and_not_taken) {
  replica_world w(9, {});
  co_await w.open_all();
  co_await lead_and_agree(w);
  const auto lead = w.leader();
  const auto other = lead % 3 + 1;
  auto* from = w.at(lead);
  const auto last = from->log().last_index();
  const auto before = from->core().log().term_at(last - 1).value();
  auto entries = co_await from->entries({.from = last, .through = last, .bytes = 10'000});
  BOOST_REQUIRE(entries.has_value());
  const auto& e = entries->front();
  const auto send = [&](std::function<void(peer::raft_post&)> spoil) {
    raft::append_request request{.previous = {before, last - 1},
                                 .entries = {{.term = e.head.term,
                                              .index = e.head.index,
                                              .first_offset = e.head.base_offset,
                                              .offset_count = e.head.offset_count,
                                              .size = e.head.body_size}}};
    peer::raft_post post{.group = {uuid{1, 2}, 0},
                         .message = {.from = node_id(lead),
                                     .to = node_id(other),
                                     .term = from->core().current_term(),
                                     .body = std::move(request)},
                         .frames = {}};
    log::carry(post.frames, e.head, e.body);
    spoil(post);
    const auto bad = w.at(other)->figures().messages_bad;
    w.at(other)->receive(std::move(post));
    return w.at(other)->figures().messages_bad - bad;
  };
  BOOST_REQUIRE_EQUAL(send([](auto&) {}), 0u);
  BOOST_REQUIRE_EQUAL(send([](auto& p) {
                        auto bytes = p.frames.str();
                        bytes[bytes.size() - 3] ^= 1;
                        p.frames = fragments::copy(bytes);
                      }),
                      1u);
  BOOST_REQUIRE_EQUAL(send([](auto& p) { p.frames = {}; }), 1u);
  BOOST_REQUIRE_EQUAL(send([](auto& p) { p.frames.append(fragments(p.frames)); }), 1u);
  BOOST_REQUIRE_EQUAL(
      send([](auto& p) { std::get<raft::append_request>(p.message.body).entries[0].size += 1; }),
      1u);
  BOOST_REQUIRE_EQUAL(
      send([](auto& p) { std::get<raft::append_request>(p.message.body).previous.index += 1; }),
      1u);
  co_await w.produce_some(3);
  co_await w.until([&] { return w.agreed(); }, "all agree");
  co_await w.check_equal();
  co_await w.stop_all();
}

SEASTAR_TEST_CASE(who_lags_far_behind_is_fed_within_the_budget) {
  replica_world w(11, {.inflight = 1, .catch_up_bytes = 4096});
  co_await w.open_all();
  co_await lead_and_agree(w);
  const auto lead = w.leader();
  const auto away = lead % 3 + 1;
  w.isolate(away);
  for (int i = 0; i < 700; ++i) {
    BOOST_REQUIRE(w.at(lead)->place_command("anything", timestamp(i)).has_value());
    if (i % 50 == 0) co_await w.steps(10);
  }
  co_await w.produce_some(1);
  BOOST_REQUIRE_EQUAL(w.at(lead)->figures().catch_up_bytes, 0u);
  w.heal();
  co_await w.until([&] { return w.agreed(); }, "all agree");
  BOOST_REQUIRE_GT(w.at(lead)->figures().catch_up_bytes, 0u);
  co_await w.check_equal();
  co_await w.stop_all();
}

// It may be alone while it hands leadership over, to somebody who is no member any more.
SEASTAR_TEST_CASE(who_is_alone_hands_nothing_over) {
  replica_world w(11, {.voters = 2});
  co_await w.open_all();
  co_await lead_and_agree(w);
  const auto lead = w.leader();
  BOOST_REQUIRE(w.at(lead)->change({.voters = {node_id(lead)}}).has_value());
  BOOST_REQUIRE(w.at(lead)->transfer(node_id(3 - lead)).has_value());
  co_await w.until([&] { return !w.at(lead)->members().members.joint(); }, "it is alone");
  co_await w.steps(5);
  BOOST_REQUIRE(w.at(lead)->core().accepts_proposals());
  co_await w.produce_some(2);
  co_await w.stop_all();
}

// Told or not that it should lead: nobody else may.
SEASTAR_TEST_CASE(who_is_left_alone_leads) {
  replica_world w(12, {.voters = 2});
  co_await w.open_all();
  co_await lead_and_agree(w);
  const auto lead = w.leader();
  const auto other = 3 - lead;
  BOOST_REQUIRE(w.at(lead)->change({.voters = {node_id(other)}}).has_value());
  const auto has_it = [&] {
    const auto& members = w.at(other)->members().members;
    return !members.joint() && members.voters.size() == 1;
  };
  co_await w.until(has_it, "it is told that it is alone");
  w.isolate(other);
  const auto leads = [&] { return w.at(other)->leadership().role == raft::role::leader; };
  co_await w.until(leads, "it leads");
  co_await w.until([&] { return w.at(other)->check_serves().has_value(); }, "it serves");
  BOOST_REQUIRE_EQUAL(w.at(other)->high_watermark().value(), w.at(other)->next_offset().value());
  co_await w.stop_all();
}

// A group that sleeps is not asked by the clock, and wakes when somebody produces.
SEASTAR_TEST_CASE(an_idle_group_sleeps) {
  replica_world w(10, {.rest = true});
  co_await w.open_all();
  co_await lead_and_agree(w);
  const auto all_sleep = [&] {
    for (int i = 1; i <= 3; ++i) {
      if (!w.at(i)->asleep()) return false;
    }
    return true;
  };
  co_await w.until(all_sleep, "all sleep");
  std::uint64_t sent = 0;
  for (int i = 1; i <= 3; ++i) sent += w.at(i)->figures().messages_out;
  co_await w.steps(200);
  BOOST_REQUIRE(all_sleep());
  for (int i = 1; i <= 3; ++i) sent -= w.at(i)->figures().messages_out;
  BOOST_REQUIRE_EQUAL(sent, 0u);
  co_await w.produce_some(5);
  co_await w.until([&] { return w.agreed(); }, "all agree");
  co_await w.check_equal();
  co_await w.stop_all();
}

}  // namespace
}  // namespace weir
