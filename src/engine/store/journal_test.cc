// Several logs that share a journal, through crashes: what was durable in either is there again.
#include "engine/store/journal.h"

#include <seastar/core/when_all.hh>
#include <seastar/util/later.hh>

#include "engine/store/kept_log_test.h"

namespace weir::store {
namespace {

struct journaled : machine {
  journaled(std::uint64_t seed, int logs_wanted, std::uint64_t file_bytes)
      : machine(seed), journal_bytes(file_bytes) {
    for (int i = 0; i < logs_wanted; ++i) logs.push_back(std::make_unique<kept_log>(*this, i));
  }

  std::uint64_t journal_bytes;
  std::uint64_t segment_bytes = 64 * 1024;
  std::optional<journal> small;
  std::vector<std::unique_ptr<kept_log>> logs;

  seastar::future<> open() {
    co_await replay_journals(files, "/data", 1, [this] { return random(); });
    small.emplace(files, "/data/journal", 0, journal_bytes, [this] { return random(); });
    shared.small_writes = &*small;
    for (auto& l : logs) {
      co_await l->open(segment_bytes);
    }
  }
  seastar::future<> stop() {
    for (auto& l : logs) {
      if (l->log) co_await l->log->stop();
      l->log.reset();
    }
    co_await small->stop();
    small.reset();
  }
  seastar::future<> crash_and_open() {
    files.crash();
    co_await stop();
    files.power_on();
    co_await open();
  }
  seastar::future<> all_durable() {
    for (auto& l : logs) co_await l->log->wait_durable(l->log->last_index());
  }
  // One small append to each, in one round.
  seastar::future<> append_to_all(std::size_t size = 300) {
    for (auto& l : logs) l->append_one(size);
    co_await all_durable();
  }
};

seastar::future<> crash_run(std::uint64_t seed) {
  journaled m(seed, 5, 96 * 1024);
  co_await m.open();
  std::vector<log_index> acknowledged(m.logs.size());
  for (int life = 0; life < 5; ++life) {
    const auto steps = m.random() % 80;
    for (std::uint64_t i = 0; i < steps; ++i) {
      auto& l = *m.logs[m.random() % m.logs.size()];
      l.append_one(m.random() % (m.random() % 16 == 0 ? 40'000 : 1'500));
      if (m.random() % 3 == 0) {
        co_await l.log->wait_durable(l.log->last_index());
      } else if (m.random() % 3 == 0) {
        co_await seastar::yield();
      } else if (m.random() % 12 == 0) {
        co_await l.log->wait_durable(l.log->last_index());
        if (l.log->last_index() < log_index(4)) continue;
        const auto keep = l.log->last_index().value() - m.random() % 3;
        co_await l.log->truncate_after(log_index(keep));
        l.bodies.resize(static_cast<std::size_t>(l.log->next_offset().value()));
        auto& known = acknowledged[static_cast<std::size_t>(l.partition.value())];
        known = std::min(known, log_index(keep));
      }
    }
    for (auto& l : m.logs) {
      auto& known = acknowledged[static_cast<std::size_t>(l->partition.value())];
      known = std::max(known, l->log->durable_index());
    }
    co_await m.crash_and_open();
    for (auto& l : m.logs) {
      const auto known = acknowledged[static_cast<std::size_t>(l->partition.value())];
      BOOST_REQUIRE_MESSAGE(l->log->last_index() >= known,
                            "seed " << seed << ", log " << l->partition.value() << ": "
                                    << l->log->last_index().value() << " of " << known.value());
      l->bodies.resize(static_cast<std::size_t>(l->log->next_offset().value()));
      co_await l->check_equal();
    }
  }
  co_await m.stop();
}

SEASTAR_TEST_CASE(crashes_lose_nothing_that_the_journal_made_durable) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) co_await crash_run(seed);
}

// Flushes into the journal and settling grow the same file, each while the other waits for the
// device. What is on it after a stop is all that was appended.
seastar::future<> settling_run(std::uint64_t seed) {
  journaled m(seed, 2, 256 * 1024);
  m.segment_bytes = 16 << 20;
  m.files.faults.delay_max = 4;
  co_await m.open();
  for (int life = 0; life < 3; ++life) {
    std::vector<seastar::future<>> settling;
    for (int step = 0; step < 80; ++step) {
      auto& l = *m.logs[m.random() % m.logs.size()];
      l.append_one(m.random() % (m.random() % 4 == 0 ? 120'000 : 1'500));
      for (auto n = m.random() % 4; n > 0; --n) co_await seastar::yield();
      if (m.random() % 3 == 0) settling.push_back(l.log->settle());
    }
    co_await seastar::when_all_succeed(settling.begin(), settling.end());
    co_await m.all_durable();
    co_await m.stop();
    co_await m.open();
    for (auto& l : m.logs) {
      BOOST_REQUIRE_EQUAL(static_cast<std::size_t>(l->log->next_offset().value()),
                          l->bodies.size());
      co_await l->check_equal();
    }
  }
  co_await m.stop();
}

SEASTAR_TEST_CASE(flushes_and_settling_at_once_grow_a_file_without_emptying_it) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) co_await settling_run(seed);
}

// Logs that go from one shard's journal to another's and back, and are cut there down to what is
// committed: what the journals of former shards still hold must not come back.
seastar::future<> moving_run(std::uint64_t seed) {
  journaled m(seed, 3, 96 * 1024);
  std::optional<journal> other;
  const auto with_both = [&]() -> seastar::future<> {
    co_await replay_journals(m.files, "/data", 2, [&] { return m.random(); });
    m.small.emplace(m.files, "/data/journal", 0, m.journal_bytes, [&] { return m.random(); });
    other.emplace(m.files, "/data/journal", 1, m.journal_bytes, [&] { return m.random(); });
    m.shared.small_writes = &*m.small;
    for (auto& l : m.logs) co_await l->open();
  };
  const auto crash = [&]() -> seastar::future<> {
    m.files.crash();
    co_await m.stop();
    co_await other->stop();
    other.reset();
    m.files.power_on();
    co_await with_both();
  };
  co_await with_both();
  for (int life = 0; life < 4; ++life) {
    std::vector<log_index> committed(m.logs.size());
    for (int move = 0; move < 6; ++move) {
      for (auto& l : m.logs) {
        for (auto n = 3 + m.random() % 6; n > 0; --n) l->append_one(m.random() % 900);
        co_await l->log->wait_durable(l->log->last_index());
        auto& known = committed[static_cast<std::size_t>(l->partition.value())];
        known = std::max(known, log_index(l->log->last_index().value() - m.random() % 3));
        if (m.random() % 2 == 0 && known < l->log->last_index()) {
          co_await l->log->truncate_after(known);
          l->bodies.resize(static_cast<std::size_t>(l->log->next_offset().value()));
          l->append_one(m.random() % 900);
          co_await l->log->wait_durable(l->log->last_index());
        }
      }
      for (auto& l : m.logs) {
        const auto known = committed[static_cast<std::size_t>(l->partition.value())];
        BOOST_REQUIRE(co_await l->log->leave_shard(known));
        l->log.reset();
      }
      m.shared.small_writes = m.shared.small_writes == &*m.small ? &*other : &*m.small;
      for (auto& l : m.logs) {
        co_await l->open();
        co_await l->check_equal();
      }
    }
    co_await crash();
    for (auto& l : m.logs) {
      BOOST_REQUIRE_EQUAL(static_cast<std::size_t>(l->log->next_offset().value()),
                          l->bodies.size());
      co_await l->check_equal();
    }
  }
  co_await m.stop();
  co_await other->stop();
}

SEASTAR_TEST_CASE(a_log_that_went_to_another_shard_is_not_changed_by_the_journal_it_left) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) co_await moving_run(seed);
}

SEASTAR_TEST_CASE(appends_of_many_logs_share_one_flush) {
  journaled m(1, 40, 1 << 20);
  co_await m.open();
  co_await m.append_to_all();  // makes the files
  const auto before = m.small->figures();
  const auto calls = m.files.calls();
  co_await m.append_to_all();
  // One round may be under way when the others come: two writes and two flushes.
  BOOST_REQUIRE_LE(m.small->figures().records - before.records, 2u);
  BOOST_REQUIRE_LE(m.files.calls() - calls, 4u);
  co_await m.stop();
}

SEASTAR_TEST_CASE(the_files_take_turns_and_stay_within_their_size) {
  journaled m(2, 4, 64 * 1024);
  co_await m.open();
  for (int i = 0; i < 300; ++i) co_await m.append_to_all(700);
  BOOST_REQUIRE_GT(m.small->figures().turns, 4u);
  for (const auto* name : {"0-0.journal", "0-1.journal"})
    BOOST_REQUIRE_LE(m.files.content(std::string("/data/journal/") + name).size(), 64u * 1024);
  co_await m.crash_and_open();
  for (auto& l : m.logs) {
    BOOST_REQUIRE_EQUAL(l->log->next_offset().value(), 300);
    co_await l->check_equal();
  }
  co_await m.stop();
}

SEASTAR_TEST_CASE(a_journal_that_can_not_be_written_costs_nothing_but_time) {
  for (std::uint64_t point = 1; point < 40; ++point) {
    journaled m(point, 3, 64 * 1024);
    co_await m.open();
    co_await m.append_to_all();
    const auto first = m.files.calls();
    m.files.fail = [&](std::uint64_t call) { return call == first + point; };
    std::vector<log_index> acknowledged(m.logs.size());
    for (int i = 0; i < 30; ++i) {
      for (std::size_t n = 0; n < m.logs.size(); ++n) {
        auto& l = *m.logs[n];
        if (l.log->failed()) continue;
        l.append_one(900);
        const auto index = l.log->last_index();
        try {
          co_await l.log->wait_durable(index);
          acknowledged[n] = index;
        } catch (const std::system_error&) {
          BOOST_REQUIRE(l.log->failed());
        }
      }
    }
    m.files.fail = nullptr;
    co_await m.crash_and_open();
    for (std::size_t n = 0; n < m.logs.size(); ++n) {
      auto& l = *m.logs[n];
      BOOST_REQUIRE_MESSAGE(l.log->last_index() >= acknowledged[n],
                            "point " << point << ", log " << n << ": "
                                     << l.log->last_index().value() << " of "
                                     << acknowledged[n].value());
      l.bodies.resize(static_cast<std::size_t>(l.log->next_offset().value()));
      co_await l.check_equal();
    }
    co_await m.stop();
  }
}

// The file that was written last, with several whole records in it.
seastar::future<std::string> some_records(journaled& m) {
  co_await m.open();
  for (int i = 0; i < 6; ++i) co_await m.append_to_all();
  m.files.crash();
  co_await m.stop();
  m.files.power_on();
  co_return "/data/journal/0-0.journal";
}

SEASTAR_TEST_CASE(a_damaged_record_keeps_only_its_partitions_from_opening) {
  journaled m(7, 2, 1 << 20);
  const auto path = co_await some_records(m);
  const auto head = log::decode_journal_header(m.files.content(path).substr(0, 4096));
  BOOST_REQUIRE(head.has_value());
  // Behind head and table of the first record: the bytes of the partitions that it names.
  m.files.rot(path, 4096 + 32 + 2 * 56 + 10);
  BOOST_REQUIRE_EXCEPTION(co_await m.open(), std::runtime_error, [](const auto& e) {
    return std::string(e.what()).find("found damaged at an earlier start") != std::string::npos;
  });
  co_await m.stop();
}

SEASTAR_TEST_CASE(damage_that_names_nobody_stops_the_start) {
  for (const std::uint64_t at : {20, 4096 + 40}) {
    journaled m(8, 2, 1 << 20);
    const auto path = co_await some_records(m);
    m.files.rot(path, at);
    BOOST_REQUIRE_THROW(co_await m.open(), std::runtime_error);
  }
}

SEASTAR_TEST_CASE(journals_of_shards_that_are_gone_are_put_back_too) {
  journaled m(9, 2, 1 << 20);
  co_await some_records(m);
  for (const auto* slot : {"0", "1"}) {
    const auto from = fmt::format("/data/journal/0-{}.journal", slot);
    if (co_await m.files.exists(from))
      co_await m.files.rename(from, fmt::format("/data/journal/7-{}.journal", slot));
  }
  co_await m.files.sync_directory("/data/journal");
  co_await m.open();
  for (auto& l : m.logs) {
    BOOST_REQUIRE_EQUAL(l->log->next_offset().value(), 6);
    co_await l->check_equal();
  }
  BOOST_REQUIRE(!co_await m.files.exists("/data/journal/7-0.journal"));
  co_await m.stop();
}

}  // namespace
}  // namespace weir::store
