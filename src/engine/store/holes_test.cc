// Logs that were copied from compacted ones: what is missing there is missing here, and known to
// be.
#include "engine/store/keyed_log_test.h"

namespace weir::store {
namespace {

// What a replica does with entries that its leader still has.
seastar::future<> copy_on(partition_log& from, partition_log& to, std::size_t count = SIZE_MAX) {
  while (to.last_index() < from.last_index()) {
    const auto got = co_await from.read_entries(
        {.from = to.last_index() + 1, .through = from.last_index(), .bytes = 3000, .count = count});
    BOOST_REQUIRE(got.has_value());
    for (const auto& e : *got) {
      std::optional<record::batch_header> batch;
      if (e.head.kind == log::frame_kind::batch) batch = *record::read_batch_header(e.body);
      to.append(e.head, e.body, batch ? &*batch : nullptr);
    }
  }
  co_await to.wait_durable(to.last_index());
}

void append_round(keyed_world& w, int count, int keys, term in) {
  for (int i = 0; i < count; ++i)
    w.append({{fmt::format("key-{}", i % keys), std::string(100, 'b') + std::to_string(i)}}, in);
}

struct heads {
  std::vector<log::frame_head> all;
  bool operator==(const heads& other) const {
    return std::ranges::equal(all, other.all, [](const auto& a, const auto& b) {
      return a.kind == b.kind && a.term == b.term && a.index == b.index &&
             a.base_offset == b.base_offset && a.offset_count == b.offset_count &&
             a.body_crc == b.body_crc;
    });
  }
};
seastar::future<heads> heads_of(partition_log& log) {
  heads found;
  co_await log.replay([&](const log::frame_head& head, const fragments&) {
    if (head.is_entry()) found.all.push_back(head);
  });
  co_return found;
}

seastar::future<> check_copy(keyed_world& from, keyed_world& to) {
  to.told = from.told;
  BOOST_REQUIRE_EQUAL(to.log->last_index().value(), from.log->last_index().value());
  BOOST_REQUIRE_EQUAL(to.log->next_offset().value(), from.log->next_offset().value());
  BOOST_REQUIRE(to.log->last_term() == from.log->last_term());
  for (auto i = to.log->base().index + 1; i <= to.log->last_index(); ++i)
    BOOST_REQUIRE(to.log->terms().term_at(i) == from.log->terms().term_at(i));
  co_await to.check_all(false);
}

SEASTAR_TEST_CASE(a_copy_of_a_compacted_log_has_its_holes) {
  keyed_world from(11);
  keyed_world to(12);
  co_await from.open();
  co_await to.open();
  from.append_term_start(term(1));
  from.append_round(900, 25);
  from.append_term_start(term(3));
  append_round(from, 200, 7, term(3));
  co_await from.all_durable();
  BOOST_REQUIRE_EQUAL(co_await from.compact(), 1);
  BOOST_REQUIRE_GT(from.log->compacted_through().value(), 900u);
  co_await copy_on(*from.log, *to.log);
  auto wanted = co_await heads_of(*from.log);
  BOOST_REQUIRE_LT(wanted.all.size(), 200u);
  BOOST_REQUIRE(co_await heads_of(*to.log) == wanted);
  co_await check_copy(from, to);
  for (const bool crash : {false, true}) {
    if (crash) {
      co_await to.crash_and_open();
    } else {
      co_await to.close();
      co_await to.open();
    }
    BOOST_REQUIRE(co_await heads_of(*to.log) == wanted);
    co_await check_copy(from, to);
    append_round(from, 100, 30, term(3));
    co_await from.all_durable();
    co_await copy_on(*from.log, *to.log, 3);
    wanted = co_await heads_of(*from.log);
  }
  // It is a log like any other: compacted once more, and copied on.
  co_await to.compact();
  co_await check_copy(from, to);
  keyed_world last(13);
  co_await last.open();
  co_await copy_on(*to.log, *last.log);
  co_await check_copy(to, last);
  for (auto* w : {&from, &to, &last}) co_await w->close();
}

// Begun behind a base, the first entry that is left may be far behind it.
SEASTAR_TEST_CASE(a_log_may_begin_with_a_hole) {
  keyed_world from(21);
  keyed_world to(22);
  co_await from.open();
  co_await to.open();
  from.append_term_start(term(2));
  append_round(from, 500, 5, term(2));
  co_await from.all_durable();
  const log_base base{.index = log_index(40), .term = term(2), .next_offset = offset(39)};
  co_await to.log->reset({.base = base,
                          .producers = log::producer_sequences(100).encode(base.index),
                          .forgotten = log_index(33)});
  co_await from.compact();
  co_await copy_on(*from.log, *to.log);
  for (int i = 0; i < 3; ++i) {
    BOOST_REQUIRE(to.log->base() == base);
    BOOST_REQUIRE_EQUAL(to.log->forgotten().value(), 33u);
    BOOST_REQUIRE(to.log->terms().term_at(log_index(41)) == term(2));
    BOOST_REQUIRE_EQUAL(to.log->last_index().value(), from.log->last_index().value());
    to.told = from.told;
    std::erase_if(to.told, [&](const auto& t) { return t.first < base.next_offset; });
    co_await to.check_all(false);
    if (i == 0) {
      co_await to.close();
      co_await to.open();
    } else {
      co_await to.crash_and_open();
    }
  }
  for (auto* w : {&from, &to}) co_await w->close();
}

SEASTAR_TEST_CASE(a_truncation_behind_a_hole_leaves_what_is_before) {
  keyed_world from(31);
  keyed_world to(32);
  co_await from.open();
  co_await to.open();
  from.append_term_start(term(1));
  from.append_round(400, 4);
  co_await from.all_durable();
  co_await from.compact();
  co_await copy_on(*from.log, *to.log);
  const auto end = to.log->last_index();
  const auto whole = co_await heads_of(*to.log);
  for (int i = 0; i < 3; ++i) {
    to.append_round(20, 3);
    co_await to.all_durable();
    co_await to.log->truncate_after(end);
    BOOST_REQUIRE_EQUAL(to.log->last_index().value(), end.value());
    BOOST_REQUIRE(co_await heads_of(*to.log) == whole);
    if (i == 1) co_await to.crash_and_open();
  }
  for (auto* w : {&from, &to}) co_await w->close();
}

// Tombstones: those that some copy lacks stay, and of those that went the log knows.
SEASTAR_TEST_CASE(a_tombstone_goes_when_all_have_it_and_that_is_remembered) {
  keyed_world w(41);
  w.rules.tombstone_ms = 10;
  co_await w.open();
  w.append_round(100, 10);
  w.append({{"key-1", std::nullopt}});
  w.append({{"key-2", std::nullopt}});
  const auto second = w.log->last_index();
  w.append_round(300, 1);
  co_await w.all_durable();
  const auto has = [&](log_index index) -> seastar::future<bool> {
    const auto some = co_await heads_of(*w.log);
    co_return std::ranges::contains(some.all, index, &log::frame_head::index);
  };
  auto work = w.work();
  work.bounds.everyone = second - 1;
  for (int pass = 0; pass < 3; ++pass) {
    BOOST_REQUIRE(co_await w.log->compact(work));
    w.clock += 1000;
    w.append_round(200, 1);
    co_await w.all_durable();
    const auto everyone = work.bounds.everyone;
    work = w.work();
    work.bounds.everyone = everyone;
  }
  BOOST_REQUIRE(!co_await has(second - 1));
  BOOST_REQUIRE(co_await has(second));
  BOOST_REQUIRE_EQUAL(w.log->forgotten().value(), second.value() - 1);
  work.bounds.everyone = second;
  BOOST_REQUIRE(co_await w.log->compact(work));
  BOOST_REQUIRE(!co_await has(second));
  for (int i = 0; i < 3; ++i) {
    BOOST_REQUIRE_EQUAL(w.log->forgotten().value(), second.value());
    if (i == 0) {
      co_await w.close();
      co_await w.open();
    } else {
      co_await w.crash_and_open();
    }
  }
  co_await w.check_all(false);
  co_await w.close();
}

}  // namespace
}  // namespace weir::store
