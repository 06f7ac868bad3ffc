#include "core/log/aborted_transactions.h"

#include <catch2/catch_all.hpp>
#include <map>
#include <random>

namespace weir::log {
namespace {

aborted_transaction one(std::int64_t producer, std::int64_t first, std::int64_t last,
                        std::int64_t stable) {
  return {producer_id(producer), offset(first), offset(last), offset(stable)};
}

TEST_CASE("those that reach into a range are found") {
  aborted_transactions all;
  all.add(one(1, 10, 20, 12));
  all.add(one(3, 22, 25, 12));
  all.add(one(2, 12, 30, 31));
  all.add(one(1, 40, 50, 51));
  const auto lasts = [&](std::int64_t from, std::int64_t below) {
    std::vector<std::int64_t> out;
    for (const auto& a : all.within(offset(from), offset(below))) out.push_back(a.last.value());
    return out;
  };
  using list = std::vector<std::int64_t>;
  CHECK(lasts(0, 10).empty());
  CHECK(lasts(0, 11) == list{20});
  CHECK(lasts(0, 100) == list{20, 25, 30, 50});
  CHECK(lasts(20, 22) == list{20, 30});
  CHECK(lasts(21, 22) == list{30});
  CHECK(lasts(31, 40).empty());
  CHECK(lasts(50, 51) == list{50});
  CHECK(lasts(51, 100).empty());
  CHECK(all.has(producer_id(1), offset(10)));
  CHECK(all.has(producer_id(1), offset(19)));
  CHECK_FALSE(all.has(producer_id(1), offset(30)));
  CHECK(all.has(producer_id(2), offset(29)));
  CHECK_FALSE(all.has(producer_id(2), offset(11)));
  CHECK_FALSE(all.has(producer_id(3), offset(26)));
}

TEST_CASE("the oldest go above the bound, and it is known from where on all are there") {
  aborted_transactions all(3);
  for (int i = 0; i < 3; ++i) all.add(one(1, i * 10, i * 10 + 5, i * 10 + 6));
  CHECK(all.covers(offset(0)));
  all.add(one(1, 30, 35, 36));
  CHECK(all.all().size() == 3);
  CHECK(all.complete_from() == offset(6));
  CHECK_FALSE(all.covers(offset(5)));
  CHECK(all.covers(offset(6)));
  all.trim(offset(16));
  CHECK(all.all().size() == 2);
  CHECK(all.covers(offset(16)));
}

TEST_CASE("one whose marker compaction took is forgotten, the others stay") {
  aborted_transactions all;
  all.add(one(1, 10, 20, 21));
  all.add(one(2, 30, 40, 41));
  const auto before = all.forgotten();
  all.forget(offset(15));
  CHECK(all.forgotten() == before);
  all.forget(offset(20));
  CHECK(all.forgotten() != before);
  CHECK(all.within(offset(0), offset(100)) == std::vector{one(2, 30, 40, 41)});
}

// Transactions of several producers at once, against a search through all of them.
TEST_CASE("no range misses one, none finds one too many") {
  std::mt19937_64 random(5);
  for (int round = 0; round < 200; ++round) {
    aborted_transactions all;
    std::vector<aborted_transaction> known;
    std::map<std::int64_t, std::int64_t> open;  // producer, first
    std::int64_t end = 0;
    for (int i = 0; i < 120; ++i, ++end) {
      const auto producer = static_cast<std::int64_t>(random() % 6);
      if (open.emplace(producer, end).second || random() % 2 == 0) continue;
      auto a = one(producer, open[producer], end, end + 1);
      open.erase(producer);
      for (const auto& [id, first] : open) a.stable = std::min(a.stable, offset(first));
      if (random() % 2 == 0) continue;  // committed
      all.add(a);
      known.push_back(a);
    }
    for (int i = 0; i < 50; ++i) {
      const offset from(static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(end)));
      const auto below = from + 1 + static_cast<std::int64_t>(random() % 20);
      std::vector<aborted_transaction> wanted;
      bool has = false;
      for (const auto& a : known) {
        if (a.last >= from && a.first < below) wanted.push_back(a);
        has |= a.producer == producer_id(3) && a.first <= from && from <= a.last;
      }
      REQUIRE(all.within(from, below) == wanted);
      REQUIRE(all.has(producer_id(3), from) == has);
    }
  }
}

}  // namespace
}  // namespace weir::log
