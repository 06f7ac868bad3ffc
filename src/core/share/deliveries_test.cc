#include "core/share/deliveries.h"

#include <array>
#include <catch2/catch_all.hpp>

namespace weir::share {
namespace {

constexpr delivery_settings plain{
    .lock_duration_ms = 1'000, .deliveries_max = 3, .records_in_flight_max = 100};

offset_range range(std::int64_t first, std::int64_t last) {
  return {offset(first), offset(last)};
}

state_batch batch(std::int64_t first, std::int64_t last, delivery_state s, int count) {
  return {offset(first), offset(last), static_cast<std::int8_t>(s),
          static_cast<std::int16_t>(count)};
}

acquired_range got(std::int64_t first, std::int64_t last, int count) {
  return {offset(first), offset(last), static_cast<std::int16_t>(count)};
}

// One type for a whole range.
std::expected<delivery_change, acknowledge_error> say(deliveries& d, const char* member,
                                                      offset_range r, acknowledge_type type,
                                                      std::int64_t now = 0) {
  const std::array types{static_cast<std::int8_t>(type)};
  const std::array all{acknowledgement{.of = r, .types = types}};
  return d.acknowledge(member, all, plain, now);
}

std::vector<acquired_range> take(deliveries& d, const char* member, std::int64_t last,
                                 std::int32_t records = 1'000, std::int64_t now = 0) {
  const auto from = d.next_fetch(plain);
  if (!from) return {};
  return d.acquire(member,
                   {.asked = *from,
                    .read = {*from, offset(last)},
                    .records_max = records,
                    .whole_batches = false},
                   plain, now);
}

TEST_CASE("what is accepted is done, and the start follows") {
  deliveries d({}, offset(10));
  CHECK(d.next_fetch(plain) == offset(10));
  CHECK(take(d, "a", 19) == std::vector{got(10, 19, 1)});
  CHECK(d.next_fetch(plain) == offset(20));
  const auto later = say(d, "a", range(13, 15), acknowledge_type::accept);
  REQUIRE(later);
  CHECK(later->batches == state_batches{batch(13, 15, delivery_state::acknowledged, 1)});
  CHECK(later->start == offset(10));
  CHECK(!later->moved);
  CHECK(later->complete_count == 3);
  const auto first = say(d, "a", range(10, 12), acknowledge_type::accept);
  REQUIRE(first);
  CHECK(first->start == offset(16));
  CHECK(first->moved);
  CHECK(first->batches.empty());  // all of it is before the start
  CHECK(first->complete_count == 0);
  CHECK(d.broken().empty());
}

TEST_CASE("members don't get what others have, nor speak for it") {
  deliveries d({}, offset(0));
  CHECK(take(d, "a", 9, 5) == std::vector{got(0, 4, 1)});
  CHECK(take(d, "b", 9) == std::vector{got(5, 9, 1)});
  CHECK(say(d, "b", range(4, 5), acknowledge_type::accept).error() == acknowledge_error::not_owner);
  CHECK(d.state_of(offset(5)) == delivery_state::acquired);  // nothing of it was done
  CHECK(say(d, "a", range(5, 5), acknowledge_type::accept).error() == acknowledge_error::not_owner);
  CHECK(say(d, "b", range(9, 10), acknowledge_type::accept).error() ==
        acknowledge_error::not_acquired);  // nobody has 10
  CHECK(say(d, "b", range(10, 10), acknowledge_type::accept).error() ==
        acknowledge_error::past_end);
  CHECK(say(d, "b", range(5, 9), acknowledge_type::accept));
  CHECK(say(d, "b", range(5, 9), acknowledge_type::accept).error() ==
        acknowledge_error::not_acquired);  // twice
}

TEST_CASE("acknowledgements that no client may send") {
  deliveries d({}, offset(0));
  REQUIRE(take(d, "a", 9).size() == 1);
  const auto refused = [&](std::vector<acknowledgement> what) {
    return d.acknowledge("a", what, plain, 0).error() == acknowledge_error::invalid_request;
  };
  const std::vector<std::int8_t> one{1}, two{1, 1}, strange{9}, below{-1};
  CHECK(refused({{.of = range(3, 2), .types = one}}));
  CHECK(refused({{.of = range(-1, 2), .types = one}}));
  CHECK(refused({{.of = range(0, 2), .types = two}}));
  CHECK(refused({{.of = range(0, 2), .types = {}}}));
  CHECK(refused({{.of = range(0, 2), .types = strange}}));
  CHECK(refused({{.of = range(0, 2), .types = below}}));
  CHECK(refused({{.of = range(3, 5), .types = one}, {.of = range(5, 6), .types = one}}));
  CHECK(d.state_of(offset(0)) == delivery_state::acquired);
}

TEST_CASE("what is released comes again, until it came too often") {
  deliveries d({}, offset(0));
  for (int n = 1; n < 3; ++n) {
    CHECK(take(d, n % 2 ? "a" : "b", 4) == std::vector{got(0, 4, n)});
    const auto let = say(d, n % 2 ? "a" : "b", range(0, 4), acknowledge_type::release);
    REQUIRE(let);
    CHECK(let->batches == state_batches{batch(0, 4, delivery_state::available, n)});
  }
  CHECK(take(d, "a", 4) == std::vector{got(0, 4, 3)});
  const auto last = say(d, "a", range(0, 4), acknowledge_type::release);
  REQUIRE(last);
  CHECK(last->start == offset(5));
  CHECK(d.next_fetch(plain) == offset(5));
}

TEST_CASE("each record has a type of its own") {
  deliveries d({}, offset(0));
  REQUIRE(take(d, "a", 5).size() == 1);
  const std::array<std::int8_t, 6> types{2, 1, 1, 3, 0, 4};
  const std::array all{acknowledgement{.of = range(0, 5), .types = types}};
  const auto done = d.acknowledge("a", all, plain, 500);
  REQUIRE(done);
  CHECK(done->batches == state_batches{batch(0, 0, delivery_state::available, 1),
                                       batch(1, 2, delivery_state::acknowledged, 1),
                                       batch(3, 3, delivery_state::archived, 1),
                                       batch(4, 4, delivery_state::archived, 1)});
  CHECK(d.state_of(offset(5)) == delivery_state::acquired);
  CHECK(d.next_deadline() == 1'500);  // renewed
  CHECK(take(d, "b", 5) == std::vector{got(0, 0, 2)});
}

TEST_CASE("what is for nobody is passed over") {
  deliveries d({}, offset(0));
  const std::array ends{offset(4), offset(5), offset(9)};
  const std::array marker{range(5, 5)};
  const acquisition of{.asked = offset(0),
                       .read = range(0, 9),
                       .batch_ends = ends,
                       .hidden = marker,
                       .records_max = 100};
  CHECK(d.acquire("a", of, plain, 0) == std::vector{got(0, 4, 1), got(6, 9, 1)});
  CHECK(d.state_of(offset(5)) == delivery_state::archived);
  CHECK(d.broken().empty());

  deliveries none({}, offset(0));
  const std::array all{range(0, 9)};
  const acquisition aborted{.asked = offset(0),
                            .read = range(0, 9),
                            .batch_ends = ends,
                            .hidden = all,
                            .records_max = 100};
  CHECK(none.acquire("a", aborted, plain, 0).empty());
  CHECK(none.next_fetch(plain) == offset(10));
  CHECK(none.start() == offset(10));
  CHECK(none.broken().empty());
}

TEST_CASE("a lock ends in time, and not before") {
  deliveries d({}, offset(0));
  REQUIRE(take(d, "a", 4, 3, 0).size() == 1);
  REQUIRE(take(d, "b", 4, 3, 400).size() == 1);
  CHECK(d.next_deadline() == 1'000);
  CHECK(d.tick(plain, 999).empty());
  const auto over = d.tick(plain, 1'000);
  CHECK(over.batches == state_batches{batch(0, 2, delivery_state::available, 1)});
  CHECK(d.next_deadline() == 1'400);
  CHECK(say(d, "a", range(0, 0), acknowledge_type::accept).error() ==
        acknowledge_error::not_acquired);
  CHECK(d.next_fetch(plain) == offset(0));
}

TEST_CASE("a member that leaves gives back what it has, as often as it may") {
  deliveries d({}, offset(0));
  REQUIRE(take(d, "a", 4, 2).size() == 1);
  REQUIRE(take(d, "b", 4).size() == 1);
  CHECK(d.release_all("a", plain).batches ==
        state_batches{batch(0, 1, delivery_state::available, 1)});
  CHECK(take(d, "a", 4) == std::vector{got(0, 1, 2)});
  d.release_all("a", plain);
  CHECK(take(d, "a", 4) == std::vector{got(0, 1, 3)});
  CHECK(d.release_all("a", plain).start == offset(2));
  CHECK(d.any_out());
  d.release_all("b", plain);
  CHECK(!d.any_out());
}

TEST_CASE("no more is out than may be") {
  deliveries d({}, offset(0));
  CHECK(take(d, "a", 499) == std::vector{got(0, 99, 1)});
  CHECK(!d.next_fetch(plain));
  REQUIRE(say(d, "a", range(50, 50), acknowledge_type::release));
  CHECK(d.next_fetch(plain) == offset(50));
  CHECK(take(d, "a", 499) == std::vector{got(50, 50, 2)});
  REQUIRE(say(d, "a", range(0, 9), acknowledge_type::accept));
  CHECK(take(d, "a", 499) == std::vector{got(100, 109, 1)});
}

TEST_CASE("a batch is given as a whole, where that is wanted") {
  const std::array ends{offset(4), offset(9), offset(14)};
  acquisition of{.asked = offset(0),
                 .read = range(0, 14),
                 .batch_ends = ends,
                 .records_max = 6,
                 .whole_batches = true};
  deliveries d({}, offset(0));
  CHECK(d.acquire("a", of, plain, 0) == std::vector{got(0, 9, 1)});
  CHECK(d.end() == offset(10));
  of.records_max = 1;
  of.whole_batches = false;
  of.asked = offset(10);
  of.read = range(10, 14);
  CHECK(d.acquire("a", of, plain, 0) == std::vector{got(10, 10, 1)});
  CHECK(d.end() == offset(11));
  CHECK(d.broken().empty());
}

TEST_CASE("where the log has nothing, nothing is waited for") {
  deliveries d({}, offset(0));
  const acquisition of{.asked = offset(0), .read = range(5, 9), .records_max = 10};
  CHECK(d.acquire("a", of, plain, 0) == std::vector{got(5, 9, 1)});
  CHECK(d.start() == offset(5));
  CHECK(d.broken().empty());
  // The same in the middle.
  REQUIRE(say(d, "a", range(6, 7), acknowledge_type::release));
  const acquisition later{.asked = offset(6), .read = range(8, 12), .records_max = 10};
  CHECK(d.acquire("b", later, plain, 0) == std::vector{got(10, 12, 1)});
  CHECK(d.state_of(offset(7)) == delivery_state::archived);
}

TEST_CASE("the log's start moves over all that is in flight") {
  deliveries d({}, offset(0));
  REQUIRE(take(d, "a", 9).size() == 1);
  const auto moved = d.log_starts_at(offset(5));
  CHECK(moved.moved);
  CHECK(moved.start == offset(5));
  // A client may not know it yet.
  CHECK(say(d, "a", range(0, 9), acknowledge_type::accept)->start == offset(10));
  CHECK(d.log_starts_at(offset(50)).start == offset(50));
  CHECK(d.next_fetch(plain) == offset(50));
  CHECK(d.log_starts_at(offset(20)).empty());
  CHECK(d.log_starts_at(offset(20)).start == offset(50));
  CHECK(d.broken().empty());
}

TEST_CASE("records of aborted transactions are given to nobody") {
  deliveries d({}, offset(0));
  REQUIRE(take(d, "a", 9).size() == 1);
  REQUIRE(say(d, "a", range(0, 5), acknowledge_type::release));
  const std::array aborted{range(0, 1), range(4, 7), range(20, 30)};
  const auto gone = d.archive(aborted);
  CHECK(gone.start == offset(2));
  CHECK(d.state_of(offset(5)) == delivery_state::archived);
  CHECK(d.state_of(offset(6)) == delivery_state::acquired);
  CHECK(take(d, "b", 9) == std::vector{got(2, 3, 2)});
}

TEST_CASE("the next leader goes on from what is stored") {
  const share_state stored{.start = offset(10),
                           .batches = {batch(5, 11, delivery_state::acknowledged, 1),
                                       batch(15, 16, delivery_state::available, 2),
                                       batch(20, 20, delivery_state::archived, 3)}};
  deliveries d(stored, offset(99));
  CHECK(d.broken().empty());
  CHECK(d.start() == offset(12));
  CHECK(d.end() == offset(21));
  CHECK(d.next_fetch(plain) == offset(12));
  CHECK(take(d, "a", 25) ==
        std::vector{got(12, 14, 1), got(15, 16, 3), got(17, 19, 1), got(21, 25, 1)});
}

TEST_CASE("changes that wait are told as one") {
  delivery_change all;
  add(all, {});
  CHECK(all.empty());
  add(all, {.start = offset(5), .complete_count = 2, .batches = {{offset(7), offset(8), 0, 1}}});
  add(all, {.start = offset(8),
            .complete_count = 1,
            .batches = {{offset(8), offset(8), 2, 1}},
            .moved = true});
  // Whoever only waits for what was said before him takes nothing back.
  add(all, {});
  CHECK(all.start == offset(8));
  CHECK(all.complete_count == 1);
  CHECK(all.moved);
  CHECK(all.batches == state_batches{{offset(8), offset(8), 2, 1}});
}

}  // namespace
}  // namespace weir::share
