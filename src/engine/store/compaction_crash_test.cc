// Compaction beside everything else that happens to a log: failures and losses of power at every
// write, readers, retention, deletion, truncation, stop; and random histories against a reference.
#include <seastar/core/when_all.hh>
#include <seastar/util/later.hh>

#include <set>

#include "engine/store/keyed_log_test.h"

namespace weir::store {
namespace {

seastar::future<> fill(keyed_world& w) {
  w.append_round(150, 9);
  w.append({{"gone", "x"}, {"gone", std::nullopt}});
  w.append_round(150, 14);
  co_await w.all_durable();
}

// The `point`th write, flush or change of a directory from the pass's beginning on fails, and the
// power goes with it or not. False: the pass has fewer.
seastar::future<bool> fail_at(std::uint64_t point, bool crash) {
  keyed_world w(point * 2 + (crash ? 1 : 0));
  w.segment_bytes = 12 * 1024;
  co_await w.open();
  co_await fill(w);
  co_await w.compact();
  // There is something clean, too.
  w.append_round(120, 11);
  co_await w.all_durable();
  const auto from = w.files.calls();
  w.files.fail = [=](std::uint64_t call) {
    return call >= from + point && (crash || call == from + point);
  };
  bool failed = false;
  try {
    co_await w.compact();
  } catch (const std::exception&) {
    failed = true;
  }
  w.files.fail = nullptr;
  const auto end = w.log->next_offset();
  if (crash) {
    co_await w.crash_and_open();
  } else {
    co_await w.check_all(false);
  }
  BOOST_REQUIRE_EQUAL(w.log->next_offset().value(), end.value());
  co_await w.check_all(false);
  w.append_round(60, 13);
  co_await w.all_durable();
  co_await w.compact();
  co_await w.check_all();
  co_await w.crash_and_open();
  co_await w.check_all();
  BOOST_REQUIRE_LE(co_await w.segments(), 4u);
  co_await w.close();
  co_return failed;
}

SEASTAR_TEST_CASE(a_crash_at_any_write_of_a_pass_leaves_the_old_files_or_the_new_one) {
  std::uint64_t point = 1;
  while (co_await fail_at(point, true)) ++point;
  BOOST_REQUIRE_GT(point, 15u);
}

SEASTAR_TEST_CASE(a_failure_at_any_write_of_a_pass_hurts_nothing) {
  std::uint64_t point = 1;
  while (co_await fail_at(point, false)) ++point;
  BOOST_REQUIRE_GT(point, 15u);
}

struct switching : keyed_world {
  using keyed_world::keyed_world;
  bool done = false;
  int rounds = 0;

  seastar::future<> read(std::size_t bytes) {
    while (!done) {
      const auto got = co_await read_all(bytes);
      // More may have been appended since.
      check(got, false, got.rbegin()->first + 1);
      const auto end = log->next_offset();
      const auto latest = co_await log->latest_time(end);
      BOOST_REQUIRE(latest.has_value() && latest->has_value() && (*latest)->offset < end);
      const auto found = co_await log->find_time((*latest)->time, end);
      BOOST_REQUIRE(found.has_value());
      ++rounds;
      co_await seastar::yield();
    }
  }
  seastar::future<> compact_and_append() {
    for (int i = 0; i < 8; ++i) {
      co_await compact();
      append_round(70, 9 + i);
      co_await all_durable();
    }
    done = true;
  }
};

SEASTAR_TEST_CASE(readers_go_on_while_files_are_switched) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    switching w(seed);
    co_await w.open();
    co_await fill(w);
    co_await w.close();
    co_await w.open();  // no file is open yet, nothing is in memory
    w.files.faults.delay_max = 1;
    co_await seastar::when_all_succeed(w.read(1), w.read(700), w.read(1 << 20),
                                       w.compact_and_append());
    BOOST_REQUIRE_GT(w.rounds, 3);
    co_await w.compact();
    co_await w.check_all();
    co_await w.close();
  }
}

seastar::future<> one_pass(keyed_world& w) {
  co_await w.log->compact(w.work());
}

// One that has not opened the old files when their names go.
SEASTAR_TEST_CASE(a_reader_may_come_at_any_moment_of_a_pass) {
  for (int wait = 0; wait < 160; ++wait) {
    keyed_world w(static_cast<std::uint64_t>(wait) + 1);
    co_await w.open();
    co_await fill(w);
    co_await w.close();
    co_await w.open();
    w.files.faults.delay_max = 1;
    auto pass = one_pass(w);
    for (int i = 0; i < wait; ++i) co_await seastar::yield();
    // Looks into every segment, the newest first.
    const auto found = co_await w.log->latest_time(offset(3));
    BOOST_REQUIRE(found.has_value() && (!*found || (*found)->offset < offset(3)));
    co_await std::move(pass);
    co_await w.check_all();
    co_await w.close();
  }
}

SEASTAR_TEST_CASE(a_deleted_segment_stays_for_those_who_read_it) {
  for (int wait = 0; wait < 20; ++wait) {
    keyed_world w(static_cast<std::uint64_t>(wait) + 1);
    co_await w.open();
    co_await fill(w);
    co_await w.close();
    co_await w.open();
    w.files.faults.delay_max = 1;
    auto reading = w.log->latest_time(offset(3));
    for (int i = 0; i < wait; ++i) co_await seastar::yield();
    const auto end = w.log->next_offset();
    BOOST_REQUIRE(
        (co_await w.log->delete_below(end - 10, end, w.log->durable_index())).has_value());
    const auto found = co_await std::move(reading);
    BOOST_REQUIRE(found.has_value());
    co_await w.close();
  }
}

seastar::future<> delete_and_cut(keyed_world& w) {
  const auto wait = w.random() % 60;
  for (std::uint64_t i = 0; i < wait; ++i) co_await seastar::yield();
  const auto start = offset(static_cast<std::int64_t>(w.random() % 250));
  const auto deleted =
      co_await w.log->delete_below(start, w.log->next_offset(), w.log->durable_index());
  BOOST_REQUIRE(deleted.has_value());
  // What was not committed goes: 10 entries behind the bound that the pass was given.
  const auto keep = w.log->last_index();
  w.append_round(10, 3);
  if (w.random() % 2 == 0) co_await w.all_durable();
  co_await w.log->truncate_after(keep);
  w.told.erase(w.told.lower_bound(w.log->next_offset()), w.told.end());
}

SEASTAR_TEST_CASE(deletion_and_truncation_may_come_in_the_middle) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    keyed_world w(seed);
    co_await w.open();
    co_await fill(w);
    w.files.faults.delay_max = 1;
    co_await seastar::when_all_succeed(one_pass(w), delete_and_cut(w));
    co_await w.check_all();
    for (const auto& name : co_await w.files.list(w.directory))
      BOOST_REQUIRE(!name.ends_with(".new"));
    co_await w.crash_and_open();
    co_await w.check_all();
    w.append_round(100, 5);
    co_await w.all_durable();
    co_await w.compact();
    co_await w.check_all();
    co_await w.close();
  }
}

seastar::future<> pass_until_stopped(keyed_world& w) {
  try {
    co_await w.log->compact(w.work());
  } catch (const compaction_stopped&) {
    BOOST_REQUIRE_EQUAL(w.log->compaction().failures, 0u);
  }
}

SEASTAR_TEST_CASE(a_log_can_be_stopped_at_any_moment_of_a_pass) {
  for (int wait = 0; wait < 120; wait += 3) {
    keyed_world w(static_cast<std::uint64_t>(wait) + 1);
    co_await w.open();
    co_await fill(w);
    w.files.faults.delay_max = 1;
    auto pass = pass_until_stopped(w);
    for (int i = 0; i < wait; ++i) co_await seastar::yield();
    co_await w.log->stop();
    co_await std::move(pass);
    w.files.faults.delay_max = 0;
    co_await w.open();
    co_await w.check_all(false);
    co_await w.compact();
    co_await w.check_all();
    co_await w.close();
  }
}

struct journaled_world : keyed_world {
  using keyed_world::keyed_world;
  std::optional<journal> small;

  seastar::future<> open_all() {
    co_await replay_journals(files, "/data", 1, [this] { return random(); });
    small.emplace(files, "/data/journal", 0, 1 << 20, [this] { return random(); });
    shared.small_writes = &*small;
    co_await open();
  }
  seastar::future<> crash_and_open_all() {
    files.crash();
    co_await close();
    co_await small->stop();
    files.fail = nullptr;
    files.power_on();
    co_await open_all();
  }
};

// What the journal holds of a file that was replaced is not for the new one.
SEASTAR_TEST_CASE(the_journal_does_not_write_into_compacted_files) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    journaled_world w(seed);
    co_await w.open_all();
    for (int life = 0; life < 3; ++life) {
      for (int i = 0; i < 120; ++i) {
        w.append({{fmt::format("k{}", w.random() % 12), std::string(w.random() % 300, 'v')}});
        if (w.random() % 3 == 0) co_await w.all_durable();
      }
      co_await w.all_durable();
      const auto from = w.files.calls();
      const auto point = w.random() % 50;
      w.files.fail = [=](std::uint64_t call) { return call >= from + point; };
      try {
        co_await w.compact();
      } catch (const std::exception&) {
        BOOST_REQUIRE_GE(w.files.calls(), from + point);
      }
      const auto end = w.log->next_offset();
      co_await w.crash_and_open_all();
      BOOST_REQUIRE_EQUAL(w.log->next_offset().value(), end.value());
      co_await w.check_all(false);
    }
    co_await w.close();
    co_await w.small->stop();
  }
}

std::uint64_t any_hash(std::string_view key) {
  return static_cast<unsigned char>(key.back()) % 3;
}

// One random history.
struct history : keyed_world {
  explicit history(std::uint64_t seed) : keyed_world(seed) {
    if (random() % 3 == 0) hash = any_hash;
    if (random() % 3 == 0) memory = 64 * 1024;
    keys = 1 + random() % (memory < 1 << 20 ? 1500 : 60);
    padding = std::string(random() % 4 == 0 ? 90 : 0, 'p');
    rules.tombstone_ms = static_cast<std::int64_t>(random() % 3'000);
    rules.dirty_ratio_min = random() % 2 == 0 ? 0 : 0.4;
  }
  std::uint64_t keys = 1;
  std::string padding;
  log_index committed{};

  void append_some() {
    codec = static_cast<record::codec>(random() % 5);
    producer =
        random() % 3 == 0 ? producer_id(static_cast<std::int64_t>(random() % 4)) : no_producer_id;
    for (auto batches = random() % 12; batches > 0; --batches) {
      std::vector<wanted> records;
      for (auto n = 1 + random() % 6; n > 0; --n) {
        std::optional<std::string> value;
        if (random() % 8 != 0)
          value = std::string(random() % 300, static_cast<char>('a' + random() % 26));
        records.emplace_back(fmt::format("{}k{}", padding, random() % keys), value);
      }
      append(records);
    }
    if (random() % 20 == 0) append_term_start(weir::term(1));
  }
  seastar::future<> step() {
    switch (random() % 12) {
      case 0:
        clock += static_cast<std::int64_t>(random() % 2'000);
        break;
      case 1: {
        auto w = work();
        w.bounds.committed = committed;
        w.bounds.stable = log->next_offset();
        co_await log->compact(w);
        co_await check_all();
        break;
      }
      case 2:
        co_await commit();
        co_await close();
        co_await open();
        co_await check_all();
        break;
      case 3: {
        const auto known = log->durable_index();
        co_await crash_and_open();
        BOOST_REQUIRE(log->last_index() >= known);
        told.erase(told.lower_bound(log->next_offset()), told.end());
        co_await check_all();
        break;
      }
      case 4:
        if (log->last_index() > committed && log->last_index() > log_index{}) {
          const auto over = log->last_index() - committed;
          co_await log->truncate_after(committed + random() % (over + 1));
          told.erase(told.lower_bound(log->next_offset()), told.end());
        }
        break;
      case 5:
        if (random() % 4 == 0 && committed > log_index{}) {
          co_await commit();
          const auto span = log->next_offset() - log->start_offset();
          const auto to =
              log->start_offset() +
              static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(span + 1));
          (void)co_await log->delete_below(to, log->next_offset(), committed);
        }
        break;
      case 6:
        co_await commit();
        break;
      default:
        append_some();
    }
  }
  seastar::future<> commit() {
    if (log->last_index() == log_index{}) co_return;
    co_await all_durable();
    committed = log->last_index();
  }
};

SEASTAR_TEST_CASE(random_histories_agree_with_the_reference) {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    history h(seed);
    h.segment_bytes = 6 * 1024 + seed % 5 * 4096;
    co_await h.open();
    for (int i = 0; i < 120; ++i) co_await h.step();
    co_await h.commit();
    co_await h.compact();
    co_await h.check_all();
    co_await h.close();
  }
}

}  // namespace
}  // namespace weir::store
