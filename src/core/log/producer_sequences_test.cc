#include "core/log/producer_sequences.h"

#include <catch2/catch_all.hpp>
#include <map>
#include <random>
#include <vector>

namespace weir::log {
namespace {

constexpr std::int32_t top = INT32_MAX;

// Applies what it accepts, as a replica does.
struct partition {
  producer_sequences producers{100};
  log_index next{1};
  offset free{0};
  timestamp now{1000};

  std::string send(std::int32_t first, std::uint32_t count = 1, std::int16_t epoch = 0,
                   std::int64_t id = 1) {
    const sequence_range claim{producer_id(id), producer_epoch(epoch), first, count};
    const auto verdict = producers.check(claim);
    if (!verdict) {
      switch (verdict.error()) {
        case sequence_error::out_of_order:
          return "out of order";
        case sequence_error::invalid_epoch:
          return "invalid epoch";
        case sequence_error::bad_sequence:
          return "bad";
        case sequence_error::invalid_transaction:
        case sequence_error::coordinator_fenced:
          return "no business of this test";
      }
    }
    if (*verdict) return fmt::format("again {}", (*verdict)->base_offset);
    const auto base = free;
    producers.apply(claim, {.base_offset = base,
                            .last_offset = base + count - 1,
                            .index = next,
                            .append_time = now,
                            .max_timestamp = now});
    next += 1;
    free += count;
    return fmt::format("at {}", base);
  }
};

struct step {
  std::int32_t first;
  std::uint32_t count;
  std::int16_t epoch;
  std::string_view answer;
};

// Each was sent to Apache Kafka 4.3.1, which answered the same.
TEST_CASE("sequences are judged as by Apache Kafka 4.3") {
  const std::vector<std::pair<std::string, std::vector<step>>> cases{
      {"no state takes any first sequence",
       {{7, 1, 0, "at 0"},
        {8, 1, 0, "at 1"},
        {8, 1, 0, "again 1"},
        {10, 1, 0, "out of order"},
        {7, 1, 0, "again 0"}}},
      {"five batches are remembered",
       {{0, 1, 0, "at 0"},
        {1, 1, 0, "at 1"},
        {2, 1, 0, "at 2"},
        {3, 1, 0, "at 3"},
        {4, 1, 0, "at 4"},
        {5, 1, 0, "at 5"},
        {6, 1, 0, "at 6"},
        {0, 1, 0, "out of order"},
        {1, 1, 0, "out of order"},
        {2, 1, 0, "again 2"},
        {6, 1, 0, "again 6"},
        {7, 1, 0, "at 7"}}},
      {"only the very same range is a repeat",
       {{0, 5, 0, "at 0"},
        {0, 5, 0, "again 0"},
        {0, 4, 0, "out of order"},
        {2, 3, 0, "out of order"},
        {2, 6, 0, "out of order"},
        {5, 2, 0, "at 5"}}},
      {"sequences wrap between batches",
       {{top - 1, 2, 0, "at 0"}, {0, 1, 0, "at 2"}, {top - 1, 2, 0, "again 0"}, {1, 1, 0, "at 3"}}},
      {"sequences wrap within a batch",
       {{top - 1, 4, 0, "at 0"}, {top - 1, 4, 0, "again 0"}, {2, 1, 0, "at 4"}, {3, 1, 0, "at 5"}}},
      {"after the top comes 0, not 1",
       {{top, 1, 0, "at 0"}, {1, 1, 0, "out of order"}, {top, 1, 0, "again 0"}, {0, 1, 0, "at 1"}}},
      {"a new epoch begins at 0, an old one is over",
       {{0, 1, 0, "at 0"},
        {1, 1, 1, "out of order"},
        {0, 1, 1, "at 1"},
        {1, 1, 0, "invalid epoch"},
        {0, 1, 0, "invalid epoch"},
        {1, 1, 1, "at 2"},
        {0, 1, 1, "again 1"}}},
      {"epochs may be skipped", {{0, 1, 0, "at 0"}, {0, 1, 5, "at 1"}, {0, 1, 4, "invalid epoch"}}},
      {"no state, any epoch and sequence", {{9, 1, 3, "at 0"}, {0, 1, 2, "invalid epoch"}}},
      {"an epoch of -1 is a state without sequence",
       {{0, 1, -1, "at 0"},
        {0, 1, -1, "again 0"},
        {5, 1, -1, "at 1"},
        {7, 1, 0, "at 2"},
        {8, 1, -1, "invalid epoch"}}},
      {"nothing before the first",
       {{3, 1, 0, "at 0"}, {2, 1, 0, "out of order"}, {0, 1, 0, "out of order"}}},
      {"parts and sums of batches are no repeats",
       {{0, 2, 0, "at 0"},
        {2, 2, 0, "at 2"},
        {0, 4, 0, "out of order"},
        {1, 1, 0, "out of order"}}},
      {"negative sequences", {{-1, 1, 0, "bad"}, {-5, 1, 0, "bad"}, {0, 1, 0, "at 0"}}}};
  for (const auto& [name, steps] : cases) {
    partition p;
    for (const auto& s : steps) {
      INFO(name << ": " << s.first << "+" << s.count << " epoch " << s.epoch);
      CHECK(p.send(s.first, s.count, s.epoch) == s.answer);
    }
  }
}

// Kafka 4.3 takes it; 4.5 refuses it too (KAFKA-15591).
TEST_CASE("a log that never had a record takes no second batch before the first") {
  partition p;
  const auto judged = [&](std::int32_t first, log_age age, bool transactional = false) {
    const sequence_range claim{producer_id(1), producer_epoch(0), first, 1, transactional};
    return p.producers.check(claim, {.verified = true}, age);
  };
  for (const bool transactional : {false, true}) {
    for (const std::int32_t first : {1, 17, INT32_MAX}) {
      CHECK(judged(first, log_age::unused, transactional).error() == sequence_error::out_of_order);
      CHECK(judged(first, log_age::lived, transactional).has_value());
    }
    CHECK(judged(0, log_age::unused, transactional).has_value());
  }
  CHECK(judged(-1, log_age::unused).error() == sequence_error::bad_sequence);
  // Who is known is judged by what is known, should a log say that it is unused.
  p.send(0, 1, 0, 1);
  CHECK(judged(1, log_age::unused).has_value());
  CHECK(judged(2, log_age::unused).error() == sequence_error::out_of_order);
}

TEST_CASE("old producers expire and are then unknown") {
  partition p;
  p.send(0, 1, 0, 1);
  p.now += 50;
  p.send(0, 1, 0, 2);
  CHECK(p.producers.expire(timestamp(1099), 100) == 0);
  CHECK(p.producers.expire(timestamp(1100), 100) == 1);
  CHECK(p.producers.size() == 1);
  CHECK(p.send(17, 1, 0, 1) == "at 2");
}

TEST_CASE("above the limit the oldest goes") {
  partition p;
  for (int id = 0; id < 100; ++id) p.send(0, 1, 0, id);
  p.send(1, 1, 0, 0);
  p.send(0, 1, 0, 100);
  CHECK(p.producers.size() == 100);
  CHECK(p.producers.find(producer_id(0)));
  CHECK(!p.producers.find(producer_id(1)));
  CHECK(!p.producers.truncate(p.next - 1));
}

TEST_CASE("live state is the fold of the log, after truncations too") {
  std::mt19937_64 random(11);
  int exact = 0;
  for (int round = 0; round < 300; ++round) {
    struct applied {
      sequence_range claim;
      known_batch batch;
    };
    std::vector<applied> log;
    producer_sequences live(4);
    const auto append = [&] {
      const applied a{{producer_id(static_cast<std::int64_t>(random() % 5)),
                       producer_epoch(static_cast<std::int16_t>(random() % 8 == 0)),
                       static_cast<std::int32_t>(random() % 100), 1},
                      {.base_offset = offset(static_cast<std::int64_t>(log.size())),
                       .last_offset = offset(static_cast<std::int64_t>(log.size())),
                       .index = log_index(log.size() + 1),
                       .append_time = timestamp(static_cast<std::int64_t>(log.size() * 10))}};
      live.apply(a.claim, a.batch);
      log.push_back(a);
    };
    for (std::size_t n = random() % 12; n > 0; --n) append();
    const std::size_t keep = log.empty() ? 0 : random() % log.size();
    const bool ok = live.truncate(log_index(keep + 1));
    log.resize(keep);
    producer_sequences again(4);
    for (const auto& a : log) again.apply(a.claim, a.batch);
    if (!ok) continue;
    ++exact;
    REQUIRE(live.all() == again.all());
  }
  CHECK(exact > 50);
}

TEST_CASE("a snapshot gives the same state and refuses any change") {
  partition p;
  for (int i = 0; i < 9; ++i) p.send(i, 1, 0, 1);
  p.send(top, 3, 2, 900);
  const auto file = p.producers.encode(p.next - 1);
  const auto back = producer_sequences::decode(file, 100);
  REQUIRE(back);
  CHECK(back->covers == p.next - 1);
  CHECK(back->producers.all() == p.producers.all());
  CHECK(back->producers.encode(back->covers) == file);
  const auto text = file.str();
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto changed = text;
    changed[i] = static_cast<char>(changed[i] ^ 0x10);
    REQUIRE(!producer_sequences::decode(fragments::copy(changed), 100));
    REQUIRE(!producer_sequences::decode(fragments::copy(text.substr(0, i)), 100));
  }
  CHECK(producer_sequences::decode(file, 1)->producers.size() == 1);
  CHECK(producer_sequences::decode(producer_sequences().encode(log_index{}))->producers.size() ==
        0);
}

TEST_CASE("a snapshot of many producers comes in small pieces") {
  producer_sequences many(5000);
  for (int id = 0; id < 5000; ++id) {
    many.apply({producer_id(id), producer_epoch(0), 0, 1},
               {.index = log_index(static_cast<std::uint64_t>(id) + 1)});
  }
  const auto file = many.encode(log_index(5000));
  for (const auto& piece : file.pieces()) CHECK(piece.size() <= 64 << 10);
  REQUIRE(producer_sequences::decode(file)->producers.all() == many.all());
}

}  // namespace
}  // namespace weir::log
