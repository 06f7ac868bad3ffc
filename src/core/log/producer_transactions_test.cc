#include <catch2/catch_all.hpp>
#include <random>
#include <vector>

#include "core/log/open_verifications.h"
#include "core/log/producer_sequences.h"
#include "core/record/test_bytes.h"

namespace weir::log {
namespace {

using record::marker;

std::string name(sequence_error error) {
  switch (error) {
    case sequence_error::out_of_order:
      return "out of order";
    case sequence_error::invalid_epoch:
      return "invalid epoch";
    case sequence_error::bad_sequence:
      return "bad";
    case sequence_error::invalid_transaction:
      return "invalid transaction";
    case sequence_error::coordinator_fenced:
      return "fenced";
  }
  return "?";
}

// Applies what it accepts, as a replica does.
struct partition {
  producer_sequences producers{100};
  log_index next{1};
  offset free{0};
  timestamp now{1000};

  struct sent {
    std::int32_t first = 0;
    std::int16_t epoch = 0;
    std::int64_t id = 1;
    bool transactional = true;
    transaction_start start{.verified = true};
  };
  std::string send(const sent& s) {
    const sequence_range claim{.producer = producer_id(s.id),
                               .epoch = producer_epoch(s.epoch),
                               .first = s.first,
                               .transactional = s.transactional};
    const auto verdict = producers.check(claim, s.start);
    if (!verdict) return name(verdict.error());
    if (*verdict) return fmt::format("again {}", (*verdict)->base_offset);
    producers.apply(claim, {.base_offset = free,
                            .last_offset = free,
                            .index = next,
                            .append_time = now,
                            .max_timestamp = now});
    next += 1;
    free += 1;
    return fmt::format("at {}", free - 1);
  }
  std::string end(marker kind, std::int16_t epoch = 0, std::int32_t coordinator = 5,
                  int version = 1, std::int64_t id = 1) {
    const transaction_marker m{producer_id(id), producer_epoch(epoch), kind, coordinator};
    if (const auto verdict = producers.check(m, version); !verdict) return name(verdict.error());
    producers.apply(m, free, next, now);
    next += 1;
    free += 1;
    return fmt::format("at {}", free - 1);
  }
  [[nodiscard]] std::int64_t unstable() const {
    return producers.first_unstable().value_or(offset(-1)).value();
  }
};

TEST_CASE("a transaction is open from its first batch to its marker") {
  partition p;
  CHECK(p.send({.transactional = false}) == "at 0");
  CHECK(p.unstable() == -1);
  CHECK(p.send({.first = 1}) == "at 1");
  CHECK(p.send({.first = 2}) == "at 2");
  CHECK(p.unstable() == 1);
  CHECK(p.producers.in_transaction(producer_id(1), producer_epoch(0)));
  CHECK(p.send({.first = 3, .transactional = false}) == "invalid transaction");
  CHECK(p.end(marker::commit) == "at 3");
  CHECK(p.producers.aborted().all().empty());
  CHECK(p.producers.find(producer_id(1))->coordinator_epoch == 5);
  // Sequences go on in the same epoch.
  CHECK(p.send({.first = 3, .transactional = false}) == "at 4");
  CHECK(p.send({.first = 4}) == "at 5");
  CHECK(p.end(marker::abort) == "at 6");
  CHECK(p.producers.aborted().all() ==
        std::vector<aborted_transaction>{{producer_id(1), offset(5), offset(6), offset(7)}});
}

TEST_CASE("nothing is stable behind a transaction whose marker is not committed") {
  partition p;
  p.send({.id = 1});               // 0
  p.send({.id = 2});               // 1
  p.end(marker::commit, 0, 5, 1);  // 2
  CHECK(p.unstable() == 0);
  p.producers.committed(offset(2));
  CHECK(p.unstable() == 0);
  p.producers.committed(offset(3));
  CHECK(p.unstable() == 1);
  p.send({.id = 3});                  // 3
  p.end(marker::abort, 0, 5, 1, 3);   // 4
  p.end(marker::commit, 0, 5, 1, 2);  // 5
  CHECK(p.unstable() == 1);
  p.producers.committed(offset(5));
  CHECK(p.unstable() == 1);
  p.producers.committed(offset(6));
  CHECK(p.unstable() == -1);
  CHECK(p.producers.aborted().all().front().stable == offset(1));
}

TEST_CASE("a marker without records here changes nothing for readers") {
  partition p;
  CHECK(p.end(marker::abort) == "at 0");
  CHECK(p.unstable() == -1);
  CHECK(p.producers.aborted().all().empty());
  // But it tells the producer's epoch.
  CHECK(p.send({.first = 7}) == "out of order");
  CHECK(p.send({.first = 0}) == "at 1");
}

TEST_CASE("markers of old coordinators and of old epochs are refused") {
  partition p;
  p.send({.epoch = 3});
  CHECK(p.end(marker::abort, 2) == "invalid epoch");
  CHECK(p.end(marker::abort, 3, 7) == "at 1");
  CHECK(p.end(marker::abort, 3, 6) == "fenced");
  CHECK(p.end(marker::abort, 3, 7) == "at 2");
  CHECK(p.end(marker::abort, 2, 6) == "invalid epoch");
  CHECK(p.end(marker::abort, -1) == "bad");
  // What a new epoch of the producer aborts, as InitProducerId does.
  p.send({.first = 0, .epoch = 4});
  CHECK(p.end(marker::abort, 5, 7) == "at 4");
  CHECK(p.send({.first = 1, .epoch = 4}) == "invalid epoch");
}

TEST_CASE("version 2: the marker's epoch ends the producer's") {
  partition p;
  CHECK(p.send({.first = 0}) == "at 0");
  CHECK(p.send({.first = 1}) == "at 1");
  CHECK(p.end(marker::commit, 0, 5, 2) == "invalid epoch");
  CHECK(p.end(marker::commit, 1, 5, 2) == "at 2");
  CHECK(p.send({.first = 2, .epoch = 0}) == "invalid epoch");
  CHECK(p.send({.first = 1, .epoch = 0}) == "invalid epoch");
  CHECK(p.end(marker::commit, 1, 5, 2) == "at 3");  // a repeat
  CHECK(p.send({.first = 2, .epoch = 1}) == "out of order");
  CHECK(p.send({.first = 0, .epoch = 1}) == "at 4");
  CHECK(p.end(marker::commit, 1, 5, 2) == "invalid epoch");  // late
  CHECK(p.unstable() == 0);
  CHECK(p.end(marker::abort, 2, 5, 2) == "at 5");
}

TEST_CASE("nobody begins a transaction unasked") {
  partition p;
  CHECK(p.send({.start = {}}) == "invalid transaction");
  CHECK(p.send({}) == "at 0");
  CHECK(p.send({.first = 1, .start = {}}) == "at 1");
  CHECK(p.send({.first = 1, .start = {}}) == "again 1");
  // Of another epoch it would be another transaction.
  CHECK(p.send({.first = 0, .epoch = 1, .start = {}}) == "invalid transaction");
  CHECK(p.end(marker::abort) == "at 2");
  CHECK(p.send({.first = 2, .start = {}}) == "invalid transaction");
  CHECK(p.send({.first = 1, .start = {}}) == "again 1");
}

TEST_CASE("the first sequence of one that is not known") {
  partition p;
  CHECK(p.send({.first = 4, .start = {.verified = true, .from_zero = true}}) == "out of order");
  CHECK(p.send({.first = 4, .start = {.verified = true, .lowest = 3}}) == "out of order");
  CHECK(p.send({.first = 4, .start = {.verified = true, .lowest = 4}}) == "at 0");
}

TEST_CASE("verifications under way remember the lowest sequence of an epoch") {
  open_verifications v;
  const producer_id id(7);
  CHECK(v.lowest(id) == INT32_MAX);
  v.asked(id, producer_epoch(0), 5, timestamp(0));
  v.asked(id, producer_epoch(0), 9, timestamp(1));
  CHECK(v.lowest(id) == 5);
  v.asked(id, producer_epoch(0), 3, timestamp(2));
  CHECK(v.lowest(id) == 3);
  v.asked(id, producer_epoch(1), 8, timestamp(3));
  CHECK(v.lowest(id) == 8);
  v.ended(id);
  CHECK(v.lowest(id) == INT32_MAX);
  for (int i = 0; i < 5000; ++i) v.asked(producer_id(i), producer_epoch(0), 1, timestamp(i));
  CHECK(v.size() == open_verifications::most);
  CHECK(v.lowest(producer_id(4999)) == 1);
  CHECK(v.lowest(producer_id(0)) == INT32_MAX);
  v.expire(timestamp(5000), 10);
  CHECK(v.size() == 9);
}

TEST_CASE(
    "with an epoch for each transaction the marker of the one before ends nothing of the next") {
  partition p;
  p.send({.epoch = 4});
  const auto asked = p.next - 1;
  p.end(marker::commit, 5);  // version 2: one more than the transaction had
  CHECK(p.producers.marked_behind(producer_id(1), asked));
  CHECK(p.producers.marked_behind(producer_id(1), asked, producer_epoch(4)));
  CHECK_FALSE(p.producers.marked_behind(producer_id(1), asked, producer_epoch(5)));
  CHECK(p.send({.epoch = 5, .start = {.verified = true, .from_zero = true}}) == "at 2");
  p.end(marker::abort, 6);
  CHECK(p.producers.marked_behind(producer_id(1), asked, producer_epoch(5)));
  CHECK_FALSE(p.producers.marked_behind(producer_id(2), asked, producer_epoch(0)));
}

TEST_CASE("a marker behind an entry is noticed, also of one that was pushed out") {
  partition p;
  p.send({});
  const auto asked = p.next - 1;
  CHECK_FALSE(p.producers.marked_behind(producer_id(1), asked));
  CHECK_FALSE(p.producers.marked_behind(producer_id(2), asked));
  p.end(marker::abort);
  CHECK(p.producers.marked_behind(producer_id(1), asked));
  CHECK_FALSE(p.producers.marked_behind(producer_id(1), p.next - 1));
  for (int id = 10; id < 200; ++id) p.send({.id = id, .transactional = false});
  CHECK(!p.producers.find(producer_id(1)));
  CHECK(p.producers.marked_behind(producer_id(1), asked));
}

TEST_CASE("who has a transaction open is neither pushed out nor expired") {
  partition p;
  for (int id = 0; id < 50; ++id) p.send({.id = id});
  for (int id = 50; id < 300; ++id) p.send({.id = id, .transactional = false});
  CHECK(p.producers.size() == 100);
  for (int id = 0; id < 50; ++id) CHECK(p.producers.find(producer_id(id)));
  CHECK(p.producers.expire(timestamp(1'000'000), 10) == 50);
  CHECK(p.producers.size() == 50);
  for (int id = 300; id < 400; ++id) p.send({.id = id});
  CHECK(p.producers.size() == 150);  // all open: beyond the bound rather than wrong
  CHECK(p.producers.open_transactions() == 150);
  for (int id = 0; id < 50; ++id) p.end(marker::abort, 0, 5, 1, id);
  p.now = timestamp(2'000'000);
  CHECK(p.producers.expire(timestamp(1'500'000), 10) == 50);
}

// A log of what producers may do, cut and folded again; also through a snapshot in its middle.
TEST_CASE("live state is the fold of the log, with transactions, after truncations too") {
  std::mt19937_64 random(17);
  int exact = 0;
  int through_snapshot = 0;
  for (int round = 0; round < 600; ++round) {
    struct entry {
      std::optional<transaction_marker> ended;
      sequence_range claim;
      known_batch batch;
      void into(producer_sequences& to) const {
        if (ended) return to.apply(*ended, batch.base_offset, batch.index, batch.append_time);
        to.apply(claim, batch);
      }
    };
    std::vector<entry> log;
    producer_sequences live(4);
    for (std::size_t n = random() % 14; n > 0; --n) {
      const auto at = static_cast<std::int64_t>(log.size());
      entry e{.batch = {.base_offset = offset(at),
                        .last_offset = offset(at),
                        .index = log_index(log.size() + 1),
                        .append_time = timestamp(at * 10)}};
      const producer_id id(static_cast<std::int64_t>(random() % 5));
      const producer_epoch epoch(static_cast<std::int16_t>(random() % 6 == 0));
      if (random() % 5 == 0) {
        e.ended = transaction_marker{id, epoch, random() % 2 == 0 ? marker::abort : marker::commit,
                                     static_cast<std::int32_t>(random() % 3)};
      } else {
        e.claim = {id, epoch, static_cast<std::int32_t>(random() % 100), 1, random() % 2 == 0};
      }
      e.into(live);
      log.push_back(e);
    }
    const auto same = [](const producer_sequences& a, const producer_sequences& b) {
      return a.all() == b.all() && a.first_unstable() == b.first_unstable() &&
             a.aborted().all() == b.aborted().all() &&
             a.open_transactions() == b.open_transactions();
    };
    const std::size_t keep = log.empty() ? 0 : random() % log.size();
    if (live.truncate(log_index(keep + 1))) {
      ++exact;
      producer_sequences again(4);
      for (std::size_t i = 0; i < keep; ++i) log[i].into(again);
      REQUIRE(same(live, again));
    }
    producer_sequences before(100);
    for (std::size_t i = 0; i < keep; ++i) log[i].into(before);
    auto read = producer_sequences::decode(before.encode(log_index(keep)), 100);
    REQUIRE(read);
    REQUIRE(same(read->producers, before));
    for (std::size_t i = keep; i < log.size(); ++i) {
      log[i].into(before);
      log[i].into(read->producers);
      ++through_snapshot;
    }
    REQUIRE(same(read->producers, before));
  }
  CHECK(exact > 100);
  CHECK(through_snapshot > 1000);
}

TEST_CASE("a snapshot of version 1 has no transactions") {
  const auto file = record::testing::from_hex(
      "5745495250534e0a010000002c2b32040800000000000000000000000000000001000000000000"
      "00a00f000000000000010001000000000000000000f469e5cf8b01000000000000020000006400"
      "00000000000066000000000000000700000000000000f469e5cf8b0100009069e5cf8b010000");
  const auto old = producer_sequences::decode(fragments::copy(file));
  REQUIRE(old);
  CHECK(old->covers == log_index(8));
  CHECK(old->producers.find(producer_id(4000))->count == 1);
  CHECK(!old->producers.first_unstable());
  const auto again = producer_sequences::decode(old->producers.encode(old->covers));
  CHECK(again->producers.all() == old->producers.all());
}

TEST_CASE("a snapshot with transactions refuses any change") {
  partition p;
  p.send({.id = 1});
  p.send({.id = 2});
  p.end(marker::abort, 0, 5, 1, 2);
  p.send({.id = 3});
  p.end(marker::commit, 1, 5, 2, 3);
  const auto file = p.producers.encode(p.next - 1);
  const auto back = producer_sequences::decode(file, 100);
  REQUIRE(back);
  CHECK(back->producers.all() == p.producers.all());
  CHECK(back->producers.first_unstable() == offset(0));
  CHECK(back->producers.encode(back->covers) == file);
  const auto text = file.str();
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto changed = text;
    changed[i] = static_cast<char>(changed[i] ^ 0x10);
    REQUIRE(!producer_sequences::decode(fragments::copy(changed), 100));
    REQUIRE(!producer_sequences::decode(fragments::copy(text.substr(0, i)), 100));
  }
}

}  // namespace
}  // namespace weir::log
