#include "core/log/transaction_search.h"

#include <catch2/catch_all.hpp>

#include "core/record/batch_builder.h"

namespace weir::log {
namespace {

using record::marker;

fragments data(std::int64_t at, std::int64_t producer, bool transactional = true) {
  record::batch_builder b({.base_offset = offset(at),
                           .producer = producer_id(producer),
                           .epoch = producer_epoch(0),
                           .base_sequence = 0,
                           .transactional = transactional});
  b.add({.time = timestamp(1), .key = "k", .value = "v"});
  return b.finish();
}

fragments end(marker kind, std::int64_t at, std::int64_t producer) {
  return record::make_marker(kind, offset(at), 0, timestamp(1), producer_id(producer),
                             producer_epoch(0), 1);
}

struct searching {
  transaction_search search;
  void add(const fragments& batch, bool in_range = true) {
    search.add(*record::read_batch_header(batch), batch, in_range);
  }
};

TEST_CASE("aborted transactions are found by their markers, also behind the range") {
  searching s;
  s.add(end(marker::abort, 9, 1));  // of records before the range
  s.add(data(10, 1));
  s.add(data(11, 2));
  s.add(data(12, 3, false));
  s.add(end(marker::abort, 13, 3));
  s.add(end(marker::commit, 14, 1));
  s.add(data(15, 1));
  s.add(data(16, 4));
  CHECK_FALSE(s.search.settled());
  s.add(data(17, 5), false);
  s.add(end(marker::abort, 18, 1), false);
  s.add(end(marker::commit, 19, 4), false);
  s.add(end(marker::abort, 20, 5), false);
  CHECK_FALSE(s.search.settled());
  s.add(end(marker::abort, 21, 2), false);
  CHECK(s.search.settled());
  const auto found = std::move(s.search).found();
  REQUIRE(found.size() == 2);
  CHECK(found[0] ==
        aborted_transaction{.producer = producer_id(1), .first = offset(15), .last = offset(18)});
  CHECK(found[1] ==
        aborted_transaction{.producer = producer_id(2), .first = offset(11), .last = offset(21)});
}

TEST_CASE("where the list is complete it tells the rest") {
  aborted_transactions list;
  list.add({producer_id(1), offset(11), offset(30), offset(15)});
  list.add({producer_id(2), offset(15), offset(31), offset(32)});
  searching s;
  s.add(data(12, 1));
  s.add(data(13, 2));
  s.add(data(14, 3));
  s.search.take(list);
  CHECK(s.search.settled());
  const auto found = std::move(s.search).found();
  REQUIRE(found.size() == 1);
  CHECK(found[0].producer == producer_id(1));
  CHECK(found[0].last == offset(30));
}

TEST_CASE("a transaction whose marker is gone is not told of") {
  fragments batches = data(10, 1);
  batches.append(end(marker::abort, 12, 1));
  const std::vector<aborted_transaction> all{{producer_id(1), offset(10), offset(12), {}},
                                             {producer_id(2), offset(4), offset(14), {}},
                                             {producer_id(3), offset(5), offset(20), {}}};
  const auto told = with_markers(all, batches, offset(20));
  REQUIRE(told.size() == 2);
  CHECK(told[0].producer == producer_id(1));
  CHECK(told[1].producer == producer_id(3));
}

}  // namespace
}  // namespace weir::log
