// Transactions in one log: what readers of committed ones see, through restarts, cuts and
// compaction.
#include <seastar/util/later.hh>

#include "engine/store/committed_reader_test.h"
#include "engine/store/keyed_log_test.h"

namespace weir::store {
namespace {

using record::marker;

struct transactional_world : keyed_world {
  using keyed_world::keyed_world;

  std::map<std::int64_t, std::int32_t> sequences;

  // A batch of one record; id 0: no transaction's.
  offset put(std::int64_t id, const std::string& key, const std::string& value) {
    const auto at = log->next_offset();
    producer = id == 0 ? no_producer_id : producer_id(id);
    transactional = id != 0;
    sequence = sequences[id];
    append({{key, value}});
    sequences[id] = sequence;
    return at;
  }
  offset end(std::int64_t id, marker kind) {
    const auto at = log->next_offset();
    append_marker(producer_id(id), kind);
    return at;
  }
  // Segments of which compaction may take the first ones.
  void fill() {
    for (int i = 0; i < 100; ++i) put(0, "filling", std::string(300, 'f'));
  }
  [[nodiscard]] offset stable() const {
    return log->producers().first_unstable().value_or(log->next_offset());
  }
  // key=value, as consumers see it, in reads of so many bytes.
  seastar::future<std::vector<std::string>> committed(std::size_t bytes) {
    std::vector<std::string> out;
    for (auto at = log->start_offset(); at < stable();) {
      const auto got = co_await log->read_committed(at, {.below = stable(), .bytes = bytes});
      BOOST_REQUIRE(got.has_value());
      if (got->next == at) break;
      at = got->next;
      for (const auto& batch : shown(*got)) {
        record::record_reader reader(batch.header, batch.all, 1 << 20);
        record::record r;
        while (*reader.next(r)) {
          if (r.key->view() != "filling")
            out.push_back(fmt::format("{}={}", r.key->view(), r.value->str()));
        }
      }
    }
    co_return out;
  }
  seastar::future<> check_committed(std::vector<std::string> wanted) {
    for (const std::size_t bytes : {1, 200, 1000, 100'000})
      BOOST_REQUIRE(co_await committed(bytes) == wanted);
  }
  seastar::future<> reopen() {
    co_await close();
    co_await open();
  }
};

// Two at once, one of them aborted; one that stays open.
void some_transactions(transactional_world& w) {
  w.put(1, "a", "1");
  w.put(2, "b", "2");
  w.put(0, "c", "3");
  w.put(1, "d", "4");
  w.end(1, marker::abort);
  w.put(2, "e", "5");
  w.put(1, "f", "6");
  w.end(2, marker::commit);
  w.end(1, marker::commit);
  w.put(3, "g", "7");
  w.put(0, "h", "8");
}

SEASTAR_TEST_CASE(readers_of_committed_records_see_no_others) {
  for (const std::size_t remembered : {10'000, 0}) {
    transactional_world w(1);
    w.shared.aborted_transactions_max = remembered;
    co_await w.open();
    some_transactions(w);
    BOOST_REQUIRE_EQUAL(w.stable().value(), 0);  // no marker is known to be committed
    w.log->producers().committed(w.log->next_offset());
    BOOST_REQUIRE_EQUAL(w.stable().value(), 9);
    const std::vector<std::string> wanted{"b=2", "c=3", "e=5", "f=6"};
    co_await w.check_committed(wanted);
    co_await w.all_durable();
    co_await w.reopen();
    w.log->producers().committed(w.log->next_offset());
    BOOST_REQUIRE_EQUAL(w.stable().value(), 9);
    co_await w.check_committed(wanted);
    w.end(3, marker::abort);
    w.log->producers().committed(w.log->next_offset());
    co_await w.check_committed({"b=2", "c=3", "e=5", "f=6", "h=8"});
    co_await w.crash_and_open();
    co_await w.close();
  }
}

SEASTAR_TEST_CASE(the_list_and_the_search_agree) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 20; ++round) {
    transactional_world w(static_cast<std::uint64_t>(round));
    w.shared.aborted_transactions_max = 3;
    co_await w.open();
    std::map<std::int64_t, std::vector<std::pair<offset, std::string>>> open;
    std::map<offset, std::string> visible;
    for (int i = 0; i < 150; ++i) {
      const auto id = static_cast<std::int64_t>(random() % 5);
      if (id != 0 && random() % 4 == 0) {
        const bool commit = random() % 2 == 0;
        w.end(id, commit ? marker::commit : marker::abort);
        if (commit) visible.insert(open[id].begin(), open[id].end());
        open[id].clear();
        continue;
      }
      const auto value = std::to_string(i);
      const auto at = w.put(id, "k", value);
      if (id == 0) visible[at] = "k=" + value;
      if (id != 0) open[id].emplace_back(at, "k=" + value);
    }
    for (std::int64_t id = 1; id < 5; ++id) w.end(id, marker::abort);
    w.log->producers().committed(w.log->next_offset());
    BOOST_REQUIRE(!w.log->producers().aborted().covers(offset(0)));
    std::vector<std::string> wanted;
    for (const auto& [at, text] : visible) wanted.push_back(text);
    co_await w.check_committed(wanted);
    co_await w.all_durable();
    co_await w.close();
  }
}

// The start moves while markers are looked for: what was read before is not taken for committed.
SEASTAR_TEST_CASE(a_search_beside_a_log_that_is_trimmed) {
  int refused = 0;
  for (int turns = 0; turns < 60; ++turns) {
    transactional_world w(static_cast<std::uint64_t>(turns));
    w.shared.aborted_transactions_max = 0;
    co_await w.open();
    w.put(1, "a", "1");
    w.fill();
    w.end(1, marker::abort);
    w.fill();
    w.log->producers().committed(w.log->next_offset());
    co_await w.all_durable();
    co_await w.reopen();
    w.log->producers().committed(w.log->next_offset());
    w.files.faults.delay_max = 3;
    auto reading = w.log->read_committed(offset(0), {.below = w.stable(), .bytes = 1});
    for (int turn = 0; turn < turns; ++turn) co_await seastar::yield();
    const auto end = w.log->next_offset();
    const auto trimmed = co_await w.log->delete_below(end - 2, end, w.log->last_index());
    BOOST_REQUIRE(trimmed.has_value());
    const auto got = co_await std::move(reading);
    if (got) {
      BOOST_REQUIRE(shown(*got).empty());
    } else {
      BOOST_REQUIRE(got.error() == read_fault::out_of_range);
      ++refused;
    }
    co_await w.close();
  }
  BOOST_REQUIRE_GT(refused, 0);
}

SEASTAR_TEST_CASE(a_marker_that_is_cut_off_leaves_its_transaction_open) {
  transactional_world w(2);
  co_await w.open();
  const auto first = w.put(1, "a", "1");
  w.put(0, "b", "2");
  const auto keep = w.log->last_index();
  w.end(1, marker::abort);
  w.put(1, "c", "3");
  co_await w.all_durable();
  co_await w.log->truncate_after(keep);
  w.log->producers().committed(w.log->next_offset());
  BOOST_REQUIRE_EQUAL(w.stable().value(), first.value());
  BOOST_REQUIRE(w.log->producers().aborted().all().empty());
  BOOST_REQUIRE(w.log->producers().in_transaction(producer_id(1), producer_epoch(0)));
  co_await w.reopen();
  BOOST_REQUIRE_EQUAL(w.stable().value(), first.value());
  co_await w.close();
}

// Whoever is given the state instead of the log must know what is open there, whatever came since.
SEASTAR_TEST_CASE(the_state_at_the_base_is_known_after_checkpoints_too) {
  transactional_world w(4);
  w.shared.checkpoint_bytes = 2 * 1024;
  co_await w.open();
  w.put(1, "a", "1");
  for (int i = 0; i < 40; ++i) w.put(2, "b", std::string(300, 'b'));
  co_await w.all_durable();
  w.end(1, marker::commit);
  w.end(2, marker::commit);
  w.fill();
  co_await w.all_durable();
  co_await w.log->delete_below(offset(30), w.log->next_offset(), w.log->durable_index());
  const auto at = w.log->base();
  BOOST_REQUIRE(at.index > log_index(1) && at.next_offset <= offset(30));
  const auto file = co_await w.log->producers_at_base();
  const auto state = log::producer_sequences::decode(file);
  BOOST_REQUIRE(state.has_value());
  BOOST_REQUIRE_EQUAL(state->covers.value(), at.index.value());
  BOOST_REQUIRE_EQUAL(state->producers.first_unstable().value_or(offset(-1)).value(), 0);
  BOOST_REQUIRE_EQUAL(state->producers.open_transactions(), 2u);
  co_await w.close();
}

SEASTAR_TEST_CASE(compaction_drops_what_was_aborted_and_keeps_what_it_would_replace) {
  transactional_world w(5);
  w.rules.tombstone_ms = 50;
  co_await w.open();
  w.put(0, "a", "old");
  w.put(0, "b", "old");
  w.put(1, "a", "aborted");
  const auto aborted = w.end(1, marker::abort);
  w.put(2, "b", "new");
  const auto committed = w.end(2, marker::commit);
  // Later ones, so that neither marker is its producer's last.
  w.put(1, "c", "x");
  w.end(1, marker::commit);
  w.put(2, "c", "y");
  w.end(2, marker::commit);
  w.fill();
  w.log->producers().committed(w.log->next_offset());
  co_await w.all_durable();
  const std::vector<std::string> wanted{"a=old", "b=new", "c=y"};
  BOOST_REQUIRE_EQUAL(co_await w.compact(), 1);
  co_await w.check_committed(wanted);
  // It lives until the test ends.
  // NOLINTNEXTLINE(cppcoreguidelines-avoid-capturing-lambda-coroutines)
  const auto markers = [&]() -> seastar::future<std::set<offset>> {
    std::set<offset> found;
    co_await w.log->replay([&](const log::frame_head& head, const fragments& body) {
      if (head.kind != log::frame_kind::batch) return;
      if (record::read_batch_header(body)->control()) found.insert(head.base_offset);
    });
    co_return found;
  };
  BOOST_REQUIRE((co_await markers()).contains(aborted));
  BOOST_REQUIRE_EQUAL(w.log->producers().aborted().all().size(), 1u);
  // Its horizon passes; the committed one still has its record.
  w.clock += 100;
  w.fill();
  co_await w.all_durable();
  BOOST_REQUIRE_GE(co_await w.compact(), 1);
  BOOST_REQUIRE(!(co_await markers()).contains(aborted));
  BOOST_REQUIRE((co_await markers()).contains(committed));
  BOOST_REQUIRE(w.log->producers().aborted().all().empty());
  co_await w.check_committed(wanted);
  co_await w.reopen();
  w.log->producers().committed(w.log->next_offset());
  co_await w.check_committed(wanted);
  co_await w.close();
}

SEASTAR_TEST_CASE(compaction_ends_at_the_last_stable_offset) {
  transactional_world w(6);
  co_await w.open();
  w.fill();
  const auto first = w.put(1, "a", "1");
  w.fill();
  w.fill();
  co_await w.all_durable();
  auto work = w.work();
  work.bounds.stable = w.stable();
  BOOST_REQUIRE_EQUAL(work.bounds.stable.value(), first.value());
  BOOST_REQUIRE(co_await w.log->compact(work));
  BOOST_REQUIRE(w.log->first_dirty() <= first);
  w.end(1, marker::commit);
  w.log->producers().committed(w.log->next_offset());
  BOOST_REQUIRE_EQUAL((co_await w.committed(1000)).size(), 1u);
  co_await w.all_durable();
  co_await w.close();
}

}  // namespace
}  // namespace weir::store
