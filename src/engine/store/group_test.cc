// Votes and members outlive every way in which their frames may go; a reset has happened or it has
// not.
#include "core/log/group_record.h"

#include "engine/store/kept_log_test.h"

namespace weir::store {
namespace {

constexpr std::uint64_t segment_bytes = 16 * 1024;

struct world : machine, kept_log {
  explicit world(std::uint64_t seed) : machine(seed), kept_log(*this, 0) {}

  seastar::future<> fill(int count, std::size_t size = 1000, weir::term in = weir::term(1)) {
    for (int i = 0; i < count; ++i) append_one(size, in);
    co_await flush();
  }
  seastar::future<> reopen(bool crash) {
    if (crash) files.crash();
    co_await log->stop();
    log.reset();
    files.power_on();
    co_await open(segment_bytes);
  }
};

log::vote in_term(std::uint64_t term, int node) {
  return {.term = weir::term(term), .voted_for = node_id(node)};
}

std::vector<std::uint64_t> places(const partition_log& log) {
  std::vector<std::uint64_t> out;
  for (const auto& placed : log.group().configurations) out.push_back(placed.index.value());
  return out;
}

SEASTAR_TEST_CASE(a_vote_behind_a_cut_outlives_it_wherever_the_power_goes) {
  bool done = false;
  for (std::uint64_t call = 1; !done; ++call) {
    world w(100 + call);
    co_await w.open(segment_bytes);
    co_await w.fill(20);
    w.save_vote(in_term(5, 2));
    co_await w.fill(20, 900, term(5));
    w.save_vote(in_term(7, 3));
    co_await w.flush();
    w.files.faults.crash_at = w.files.calls() + call;
    done = !co_await fails(w.log->truncate_after(log_index(10)));
    w.files.faults.crash_at = 0;
    BOOST_REQUIRE(w.log->last_vote() == in_term(7, 3));
    for (int i = 0; i < 3; ++i) {
      co_await w.reopen(true);
      BOOST_REQUIRE_MESSAGE(w.log->last_vote() == in_term(7, 3),
                            "call " << call << ": " << w.log->last_vote().term.value());
    }
    w.bodies.resize(static_cast<std::size_t>(w.log->next_offset().value()));
    co_await w.check_equal();
    co_await w.log->stop();
  }
}

SEASTAR_TEST_CASE(a_vote_that_was_only_appended_is_durable_with_a_truncation) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    world w(seed);
    co_await w.open(segment_bytes);
    co_await w.fill(30);
    w.append_one(10);
    w.save_vote(in_term(9, 1));
    co_await w.log->truncate_after(log_index(12));
    BOOST_REQUIRE_EQUAL(w.log->appended(), w.log->appended_durably());
    co_await w.reopen(true);
    BOOST_REQUIRE(w.log->last_vote() == in_term(9, 1));
    co_await w.log->stop();
  }
}

// An index spares a start the frames that it covers, and with them the votes among them.
SEASTAR_TEST_CASE(no_index_hides_votes_and_members) {
  for (const bool crash : {false, true}) {
    world w(crash ? 31 : 32);
    w.shared.checkpoint_bytes = 4096;
    co_await w.open(segment_bytes);
    co_await w.log->begin_group("three");
    w.configure("first");
    w.save_vote(in_term(3, 2));
    co_await w.fill(3);
    co_await w.reopen(false);  // the index covers all of it
    BOOST_REQUIRE(w.log->last_vote() == in_term(3, 2));
    BOOST_REQUIRE(w.log->group().began == "three");
    BOOST_REQUIRE(places(*w.log) == std::vector<std::uint64_t>{1});
    w.configure("second");
    w.save_vote(in_term(4, 1));
    co_await w.fill(60);  // segments are closed
    w.configure("third");
    co_await w.fill(1);
    co_await w.reopen(crash);
    BOOST_REQUIRE(w.log->last_vote() == in_term(4, 1));
    BOOST_REQUIRE(places(*w.log) == (std::vector<std::uint64_t>{1, 5, 66}));
    BOOST_REQUIRE_EQUAL(w.log->group().configurations.back().body, "third");
    co_await w.log->stop();
  }
}

SEASTAR_TEST_CASE(a_cut_takes_the_members_behind_it_along) {
  for (const bool crash : {false, true}) {
    world w(41);
    co_await w.open(segment_bytes);
    w.configure("first");
    co_await w.fill(30);
    w.configure("second");
    co_await w.fill(30);
    co_await w.reopen(false);
    co_await w.log->truncate_after(log_index(20));
    BOOST_REQUIRE(places(*w.log) == std::vector<std::uint64_t>{1});
    co_await w.reopen(crash);
    BOOST_REQUIRE(places(*w.log) == std::vector<std::uint64_t>{1});
    // Its index is another entry's now.
    for (int i = 0; i < 40; ++i) w.append_one(1000);
    co_await w.flush();
    co_await w.reopen(crash);
    BOOST_REQUIRE(places(*w.log) == std::vector<std::uint64_t>{1});
    co_await w.log->stop();
  }
}

SEASTAR_TEST_CASE(members_in_effect_outlive_the_front_of_the_log) {
  for (const bool crash : {false, true}) {
    world w(51);
    co_await w.open(segment_bytes);
    w.configure("first");
    w.save_vote(in_term(2, 2));
    co_await w.fill(30);
    w.configure("second");
    co_await w.fill(60, 1000, term(3));
    w.configure("third", term(3));
    co_await w.fill(1, 1000, term(3));
    (void)co_await w.log->delete_below(offset(88), w.log->next_offset(), w.log->last_index());
    const auto base = w.log->base();
    BOOST_REQUIRE_GT(base.index.value(), 60u);
    BOOST_REQUIRE(base.term == term(3));
    BOOST_REQUIRE(places(*w.log) == (std::vector<std::uint64_t>{32, 93}));
    co_await w.reopen(crash);
    BOOST_REQUIRE(w.log->base() == base);
    BOOST_REQUIRE(w.log->terms().term_at(base.index + 1) == term(3));
    BOOST_REQUIRE(places(*w.log) == (std::vector<std::uint64_t>{32, 93}));
    BOOST_REQUIRE(w.log->last_vote() == in_term(2, 2));
    co_await w.log->stop();
  }
}

SEASTAR_TEST_CASE(a_reset_has_happened_or_it_has_not) {
  bool done = false;
  for (std::uint64_t call = 1; !done; ++call) {
    world w(600 + call);
    co_await w.open(segment_bytes);
    w.configure("first");
    co_await w.fill(40, 1000, term(2));
    w.save_vote(in_term(8, 3));
    w.append_one(100, term(2));
    w.files.faults.crash_at = w.files.calls() + call;
    log::producer_sequences producers;
    producers.apply(
        {.producer = producer_id(7), .epoch = producer_epoch(0), .first = 0},
        {.base_offset = offset(499), .last_offset = offset(499), .index = log_index(500)});
    log_state to{.base = {.index = log_index(500), .term = term(6), .next_offset = offset(500)},
                 .members = "later",
                 .producers = producers.encode(log_index(500))};
    done = !co_await fails(w.log->reset(std::move(to)));
    w.files.faults.crash_at = 0;
    co_await w.reopen(true);
    const bool happened = w.log->last_index() == log_index(500);
    BOOST_REQUIRE(happened || !done);
    BOOST_REQUIRE(happened || w.log->last_index() >= log_index(41));
    if (done) BOOST_REQUIRE(w.log->last_vote() == in_term(8, 3));
    if (happened) {
      BOOST_REQUIRE(w.log->last_vote() == in_term(8, 3));
      BOOST_REQUIRE(
          w.log->base() ==
          (log_base{.index = log_index(500), .term = term(6), .next_offset = offset(500)}));
      BOOST_REQUIRE_EQUAL(w.log->start_offset().value(), 500);
      BOOST_REQUIRE(w.log->last_term() == term(6));
      BOOST_REQUIRE(places(*w.log) == std::vector<std::uint64_t>{500});
      BOOST_REQUIRE(w.log->producers().find(producer_id(7)));
      w.bodies.clear();
      w.append_one(100, term(8));
      co_await w.fill(30, 1000, term(8));
      co_await w.reopen(true);
      BOOST_REQUIRE_EQUAL(w.log->next_offset().value(), 531);
      co_await w.check_equal();
    }
    co_await w.log->stop();
  }
}

SEASTAR_TEST_CASE(entries_for_another_copy_are_those_that_were_appended) {
  world w(71);
  co_await w.open(segment_bytes);
  co_await w.fill(10);
  w.save_vote(in_term(2, 1));
  co_await w.fill(40, 700, term(2));
  const auto some =
      co_await w.log->read_entries({.from = log_index(8), .through = log_index(50), .bytes = 5000});
  BOOST_REQUIRE(some.has_value());
  BOOST_REQUIRE_EQUAL(some->front().head.index.value(), 8u);
  BOOST_REQUIRE_GT(some->size(), 3u);
  for (std::size_t i = 0; i < some->size(); ++i) {
    const auto& e = (*some)[i];
    BOOST_REQUIRE_EQUAL(e.head.index.value(), 8 + i);
    BOOST_REQUIRE_EQUAL(e.body.str(), w.bodies[e.head.index.value() - 1]);
  }
  // One that is larger than the bound goes alone.
  const auto one =
      co_await w.log->read_entries({.from = log_index(3), .through = log_index(50), .bytes = 10});
  BOOST_REQUIRE(one.has_value());
  BOOST_REQUIRE_EQUAL(one->size(), 1u);
  const auto none =
      co_await w.log->read_entries({.from = log_index(51), .through = log_index(60), .bytes = 10});
  BOOST_REQUIRE(!none.has_value());
  co_await w.log->stop();
}

}  // namespace
}  // namespace weir::store
