// A coordinator of words over replicas that crash and are cut off: what it says, it must have.
#include "engine/coordinator/coordinator_shell.h"

#include <seastar/core/coroutine.hh>

#include "engine/replica/replica_world_test.h"

namespace weir {
namespace {

// Knows a list of words. "read" tells it; "+w" adds a word and tells the list; "later" is answered
// with the step after it; "wrong" throws.
struct word_core {
  std::vector<std::string> words;
  std::vector<group::ticket> waiting;
  bool loaded = false;
};

std::string joined(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, " "));
}

struct word_kind {
  using core = word_core;
  using request = std::string;
  using answer = std::string;
  using effects = group::emitted<std::string>;

  static std::unique_ptr<core> make(std::int32_t) { return std::make_unique<core>(); }
  static bool replay(core& c, const record::batch_header&, const record::record& stored) {
    if (!stored.key || stored.key->view() == "unreadable") return false;
    c.words.emplace_back(stored.key->view());
    return true;
  }
  static void replay_marker(core& c, const record::batch_header& batch, record::marker_seen) {
    c.words.push_back(fmt::format("end-of-{}", batch.producer));
  }
  static std::optional<step_in_transaction> transaction_of(const request&) { return std::nullopt; }
  static seastar::future<> prepare(const core&, const request&) {
    return seastar::make_ready_future<>();
  }
  static effects step(core& c, request r, group::ticket t, group::moment) {
    effects out;
    for (const auto w : std::exchange(c.waiting, {})) out.answers.emplace_back(w, "now");
    if (r == "wrong") throw std::runtime_error("as was asked for");
    if (r == "later") {
      c.waiting.push_back(t);
      return out;
    }
    if (r.starts_with('+')) {
      c.words.push_back(r.substr(1));
      auto& batch = out.batches.emplace_back();
      batch.records.push_back({.key = fragments::copy(r.substr(1)), .value = fragments::copy("v")});
    }
    out.answers.emplace_back(t, joined(c.words));
    return out;
  }
  static effects loaded(core& c, group::moment) {
    c.loaded = true;
    return {};
  }
  static effects tick(core&, group::moment) { return {}; }
  static std::optional<std::int64_t> next_deadline(const core&) { return std::nullopt; }
  static void released(std::int32_t, effects) {}
};

using word_shell = coordinator_shell<word_kind>;

// A world with a coordinator on each member.
class world_of_words {
 public:
  world_of_words(std::uint64_t seed, world_plan plan) : w(seed, plan) {}

  seastar::future<> open() {
    co_await w.open_all();
    for (int n = 1; n <= w.nodes(); ++n) keep(n);
  }
  void keep(int node) {
    auto& s = shells_[node] =
        std::make_unique<word_shell>(kind_, 0, *w.at(node), [] { return true; }, all);
    ends_.emplace(node, s->follow());
  }
  seastar::future<> leave(int node) {
    const auto at = ends_.find(node);
    if (at == ends_.end()) co_return;
    shells_[node]->stop();
    co_await std::move(at->second);
    ends_.erase(at);
    co_await shells_[node]->unused();
    shells_.erase(node);
  }
  seastar::future<> crash(int node) {
    co_await leave(node);
    co_await w.crash(node);
  }
  seastar::future<> again(int node) {
    co_await w.open(node);
    keep(node);
  }
  seastar::future<> close() {
    for (int n = 1; n <= w.nodes(); ++n) co_await leave(n);
    co_await w.stop_all();
  }
  // The one that decides; null: nobody.
  word_shell* deciding() {
    for (auto& [n, s] : shells_) {
      if (s->deciding() && s->where().ready()) return s.get();
    }
    return nullptr;
  }
  seastar::future<word_shell*> lead() {
    co_await w.until([&] { return deciding() != nullptr; }, "somebody decides");
    co_return deciding();
  }
  seastar::future<word_shell::result> ask(word_shell* s, std::string what) {
    auto asked = s->ask(std::move(what), 1);
    while (!asked.available()) co_await w.step();
    co_return asked.get();
  }
  word_shell* shell(int node) { return shells_.at(node).get(); }

  replica_world w;
  crowd all;

 private:
  word_kind kind_;
  std::map<int, std::unique_ptr<word_shell>> shells_;
  std::map<int, seastar::future<>> ends_;
};

SEASTAR_TEST_CASE(what_was_said_is_there_for_the_next_leader) {
  world_of_words w(1, {});
  co_await w.open();
  auto* s = co_await w.lead();
  BOOST_REQUIRE_EQUAL(*co_await w.ask(s, "+a"), "a");
  BOOST_REQUIRE_EQUAL(*co_await w.ask(s, "+b"), "a b");
  BOOST_REQUIRE_EQUAL(*co_await w.ask(s, "read"), "a b");
  for (int n = 1; n <= 3; ++n) {
    if (w.shell(n) == s) continue;
    const auto elsewhere = co_await w.shell(n)->ask("read", 1);
    BOOST_REQUIRE(elsewhere == std::unexpected(coordinator_error::not_here));
  }
  const auto old = w.w.leader();
  co_await w.crash(old);
  s = co_await w.lead();
  BOOST_REQUIRE_EQUAL(*co_await w.ask(s, "read"), "a b");
  co_await w.again(old);
  co_await w.close();
}

SEASTAR_TEST_CASE(nothing_is_answered_before_what_it_rests_on_is_committed) {
  world_of_words w(2, {});
  co_await w.open();
  auto* s = co_await w.lead();
  BOOST_REQUIRE(co_await w.ask(s, "+a"));
  w.w.isolate(w.w.leader());
  auto added = s->ask("+b", 1);
  auto read = s->ask("read", 1);  // would tell of b
  co_await w.w.steps(3);
  BOOST_REQUIRE(!added.available() && !read.available());
  co_await w.w.until([&] { return added.available() && read.available(); }, "they are told");
  BOOST_REQUIRE(added.get() == std::unexpected(coordinator_error::not_here));
  BOOST_REQUIRE(read.get() == std::unexpected(coordinator_error::not_here));
  auto* next = co_await w.lead();
  BOOST_REQUIRE(next != s);
  BOOST_REQUIRE_EQUAL(*co_await w.ask(next, "read"), "a");
  w.w.heal();
  co_await w.w.until([&] { return w.w.agreed(); }, "all agree");
  co_await w.close();
}

SEASTAR_TEST_CASE(whoever_waits_is_told_when_leadership_goes) {
  world_of_words w(3, {});
  co_await w.open();
  auto* s = co_await w.lead();
  auto waits = s->ask("later", 1);
  co_await w.w.steps(20);
  BOOST_REQUIRE(!waits.available());
  BOOST_REQUIRE_EQUAL(w.all.requests, 1U);
  const auto old = w.w.leader();
  (void)w.w.at(old)->transfer(node_id(old % 3 + 1));
  co_await w.w.until([&] { return waits.available(); }, "it is told");
  BOOST_REQUIRE(waits.get() == std::unexpected(coordinator_error::not_here));
  BOOST_REQUIRE_EQUAL(w.all.requests, 0U);
  co_await w.close();
}

SEASTAR_TEST_CASE(an_answer_may_come_with_a_later_step) {
  world_of_words w(4, {.voters = 1});
  co_await w.open();
  auto* s = co_await w.lead();
  auto waits = s->ask("later", 1);
  BOOST_REQUIRE(!waits.available());
  BOOST_REQUIRE(co_await w.ask(s, "+a"));
  BOOST_REQUIRE_EQUAL(*co_await std::move(waits), "now");
  co_await w.close();
}

SEASTAR_TEST_CASE(a_core_that_fails_begins_again_from_the_log) {
  world_of_words w(5, {.voters = 1});
  co_await w.open();
  auto* s = co_await w.lead();
  BOOST_REQUIRE(co_await w.ask(s, "+a"));
  BOOST_REQUIRE(co_await w.ask(s, "wrong") == std::unexpected(coordinator_error::not_here));
  s = co_await w.lead();
  BOOST_REQUIRE_EQUAL(*co_await w.ask(s, "read"), "a");
  co_await w.close();
}

SEASTAR_TEST_CASE(a_bound_holds_for_those_who_wait) {
  world_of_words w(6, {.voters = 1});
  w.all.requests_max = 1;
  co_await w.open();
  auto* s = co_await w.lead();
  auto waits = s->ask("later", 1);
  BOOST_REQUIRE(co_await s->ask("read", 1) == std::unexpected(coordinator_error::crowded));
  BOOST_REQUIRE(!waits.available());
  co_await w.close();
  BOOST_REQUIRE(co_await std::move(waits) == std::unexpected(coordinator_error::not_here));
  BOOST_REQUIRE_EQUAL(w.all.requests, 0U);
}

SEASTAR_TEST_CASE(a_marker_stands_where_it_was_placed) {
  world_of_words w(7, {.voters = 1});
  co_await w.open();
  auto* s = co_await w.lead();
  BOOST_REQUIRE(co_await w.ask(s, "+a"));
  auto ended = s->end_transaction({.producer = producer_id(9),
                                   .epoch = producer_epoch(1),
                                   .kind = record::marker::commit,
                                   .coordinator_epoch = 3},
                                  0, [](word_core& c, group::moment) {
                                    c.words.emplace_back("end-of-9");
                                    return word_kind::effects();
                                  });
  while (!ended.available()) co_await w.w.step();
  BOOST_REQUIRE(ended.get().has_value());
  BOOST_REQUIRE_EQUAL(*co_await w.ask(s, "+b"), "a end-of-9 b");
  co_await w.crash(1);
  co_await w.again(1);
  s = co_await w.lead();
  BOOST_REQUIRE_EQUAL(*co_await w.ask(s, "read"), "a end-of-9 b");
  co_await w.close();
}

SEASTAR_TEST_CASE(what_it_can_not_read_it_does_not_serve) {
  world_of_words w(8, {.voters = 1});
  co_await w.open();
  auto* s = co_await w.lead();
  BOOST_REQUIRE(co_await w.ask(s, "+unreadable"));
  co_await w.crash(1);
  co_await w.again(1);
  co_await w.w.steps(50);
  BOOST_REQUIRE(!w.deciding());
  BOOST_REQUIRE(!co_await w.shell(1)->ask("read", 1));
  co_await w.close();
}

// Asks and takes note; an answer that was given must hold for ever.
seastar::future<> ask_on(world_of_words& w, int n, std::set<std::string>& added,
                         std::vector<std::string>& told) {
  auto* s = w.deciding();
  if (!s) co_return;
  const auto word = fmt::format("w{}", n);
  const auto got = co_await w.ask(s, n % 3 == 0 ? "read" : "+" + word);
  if (!got) co_return;
  if (n % 3 != 0) added.insert(word);
  told.push_back(*got);
}

SEASTAR_TEST_CASE(histories) {
  for (std::uint64_t seed = 100; seed < 130; ++seed) {
    world_of_words w(seed, {.delay_max = 30, .segment_bytes = 4 * 1024});
    std::mt19937_64 random(seed);
    std::set<std::string> added;
    std::vector<std::string> told;
    co_await w.open();
    for (int n = 1; n <= 60; ++n) {
      const auto lead = w.w.leader();
      if (random() % 8 == 0 && lead != 0) {
        w.w.isolate(lead);
      } else if (random() % 8 == 0 && lead != 0) {
        co_await w.crash(lead);
        co_await w.again(lead);
      } else if (random() % 4 == 0) {
        w.w.heal();
      }
      co_await w.w.steps(random() % 30);
      co_await ask_on(w, n, added, told);
    }
    w.w.heal();
    auto* s = co_await w.lead();
    co_await w.w.until([&] { return w.w.agreed(); }, "all agree");
    s = co_await w.lead();
    const auto last = co_await w.ask(s, "read");
    w.w.require(last.has_value(), "the last one reads");
    const auto words = " " + *last + " ";
    for (const auto& word : added)
      w.w.require(words.contains(" " + word + " "), word + " was acknowledged");
    for (const auto& t : told) w.w.require(last->starts_with(t), "told and gone: " + t);
    w.w.require(!told.empty(), "something was told");
    co_await w.close();
  }
}

}  // namespace
}  // namespace weir
