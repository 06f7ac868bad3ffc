#include "core/share/coordinator.h"

#include <catch2/catch_all.hpp>
#include <random>
#include <set>

namespace weir::share {
namespace {

using enum kafka::error_code;

const uuid topic{1, 2};

share_partition part(std::int32_t p) {
  return {"g", topic, partition_id(p)};
}

// A coordinator with its log; after every step the state is compared with one folded from the log,
// as it is and as compaction leaves it.
struct tested {
  explicit tested(share_settings with = {}) : settings(with), is(with) { is.loaded(); }

  template <typename Response, typename Request>
  auto ask(const Request& r) {
    auto out =
        is.step(r, {.ticket = 5,
                    .now = {.steady_ms = 0, .wall = timestamp(++wall)},
                    .exists = [](const uuid& t, std::int32_t p) { return t == topic && p < 10; }});
    REQUIRE(out.answers.size() == 1);
    CHECK(out.answers[0].first == 5);
    auto answer = std::get<Response>(out.answers[0].second);
    take(std::move(out));
    REQUIRE(answer.results.size() == 1);
    REQUIRE(answer.results[0].partitions.size() == 1);
    return answer.results[0].partitions[0];
  }
  void take(effects out) {
    for (auto& b : out.batches) {
      for (auto& r : b.records) log.push_back(std::move(r));
    }
    check(log);
    std::vector<group::coordinator_record> kept;
    std::set<std::string> seen;
    for (auto i = log.size(); i-- > 0;) {
      if (seen.insert(log[i].key.str()).second) kept.insert(kept.begin(), log[i]);
    }
    check(kept);
  }
  void check(const std::vector<group::coordinator_record>& from) {
    share_coordinator folded(settings);
    for (const auto& r : from) REQUIRE(folded.apply(r.key, r.value));
    REQUIRE(folded.all() == is.all());
  }

  template <typename Request>
  Request about(std::int32_t p) {
    Request r;
    r.group_id = "g";
    auto& t = r.topics.emplace_back();
    t.topic_id = topic;
    t.partitions.emplace_back().partition = p;
    return r;
  }
  auto init(std::int32_t p, std::int32_t state_epoch, std::int64_t start) {
    auto r = about<kafka::initialize_share_group_state_request>(p);
    r.topics[0].partitions[0].state_epoch = state_epoch;
    r.topics[0].partitions[0].start_offset = start;
    return ask<kafka::initialize_share_group_state_response>(r).error;
  }
  auto read(std::int32_t p, std::int32_t leader_epoch) {
    auto r = about<kafka::read_share_group_state_request>(p);
    r.topics[0].partitions[0].leader_epoch = leader_epoch;
    return ask<kafka::read_share_group_state_response>(r);
  }
  auto write(std::int32_t p, std::int32_t state_epoch, std::int32_t leader_epoch,
             std::int64_t start, const state_batches& batches, std::int32_t complete = 0) {
    auto r = about<kafka::write_share_group_state_request>(p);
    auto& one = r.topics[0].partitions[0];
    one.state_epoch = state_epoch;
    one.leader_epoch = leader_epoch;
    one.start_offset = start;
    one.delivery_complete_count = complete;
    for (const auto& b : batches) {
      one.state_batches.push_back({.first_offset = b.first.value(),
                                   .last_offset = b.last.value(),
                                   .delivery_state = b.delivery_state,
                                   .delivery_count = b.delivery_count,
                                   .unknown = {}});
    }
    return ask<kafka::write_share_group_state_response>(r).error;
  }
  auto summary(std::int32_t p) {
    return ask<kafka::read_share_group_state_summary_response>(
        about<kafka::read_share_group_state_summary_request>(p));
  }
  auto remove(std::int32_t p) {
    return ask<kafka::delete_share_group_state_response>(
               about<kafka::delete_share_group_state_request>(p))
        .error;
  }

  share_settings settings;
  share_coordinator is;
  std::vector<group::coordinator_record> log;
  std::int64_t wall = 0;
};

state_batch batch(std::int64_t first, std::int64_t last, int state, int count) {
  return {offset(first), offset(last), static_cast<std::int8_t>(state),
          static_cast<std::int16_t>(count)};
}

TEST_CASE("a share partition's state is begun, read, written and deleted") {
  tested c;
  CHECK(c.init(0, 3, 100) == none);
  auto r = c.read(0, 7);
  CHECK(r.error == none);
  CHECK(r.state_epoch == 3);
  CHECK(r.start_offset == 100);
  CHECK(r.state_batches.empty());
  CHECK(c.write(0, 3, 7, 102, {batch(102, 109, 2, 1), batch(115, 120, 0, 2)}, 8) == none);
  r = c.read(0, 7);
  CHECK(r.start_offset == 102);
  REQUIRE(r.state_batches.size() == 2);
  CHECK(r.state_batches[1].first_offset == 115);
  CHECK(r.state_batches[1].delivery_count == 2);
  const auto s = c.summary(0);
  CHECK(s.state_epoch == 3);
  CHECK(s.leader_epoch == 7);
  CHECK(s.start_offset == 102);
  CHECK(s.delivery_complete_count == 8);
  CHECK(c.remove(0) == none);
  CHECK(c.is.size() == 0);
  CHECK(c.remove(0) == none);
  CHECK(c.read(0, 8).error == invalid_request);
  CHECK(c.summary(0).start_offset == -1);
  CHECK(c.summary(0).error == none);
}

TEST_CASE("older leaders and older runs of the group are refused") {
  tested c;
  CHECK(c.init(0, 3, 0) == none);
  CHECK(c.read(0, 7).error == none);
  auto records = c.log.size();
  CHECK(c.read(0, 6).error == fenced_leader_epoch);
  CHECK(c.write(0, 3, 6, 0, {}) == fenced_leader_epoch);
  CHECK(c.write(0, 2, 7, 0, {}) == fenced_state_epoch);
  CHECK(c.init(0, 2, 0) == fenced_state_epoch);
  CHECK(c.read(0, -1).error == none);  // somebody who does not lead
  CHECK(c.log.size() == records);
  // Nothing new, and stored all the same: the answer waits for it.
  CHECK(c.read(0, 7).error == none);
  CHECK(c.log.size() == ++records);
  // Writes raise nothing.
  CHECK(c.write(0, 3, 9, 0, {}) == fenced_leader_epoch);
  CHECK(c.write(0, 5, 7, 0, {}) == none);
  CHECK(c.is.find(part(0))->leader_epoch == 7);
  CHECK(c.is.find(part(0))->state_epoch == 3);
  CHECK(c.write(0, 3, 7, 0, {}) == none);
  CHECK(c.write(0, -1, -1, 0, {}) == none);
  CHECK(c.init(0, 4, 50) == none);
  CHECK(c.is.find(part(0))->leader_epoch == 0);
  CHECK(c.write(0, 3, 7, 0, {}) == fenced_state_epoch);
}

TEST_CASE("a leader must have read what it writes") {
  tested c;
  CHECK(c.init(0, 1, 0) == none);
  CHECK(c.read(0, 7).error == none);
  CHECK(c.write(0, 1, 7, 100, {}) == none);
  // A group of the same name begins, and counts its epochs from the start.
  CHECK(c.remove(0) == none);
  CHECK(c.init(0, 1, -1) == none);
  CHECK(c.write(0, 1, 7, 120, {}) == fenced_leader_epoch);
  CHECK(c.is.find(part(0))->start == no_offset);
  CHECK(c.read(0, 7).error == none);
  CHECK(c.write(0, 1, 7, 5, {}) == none);
}

TEST_CASE("a beginning that is repeated changes nothing") {
  tested c;
  CHECK(c.init(0, 2, 10) == none);
  CHECK(c.read(0, 7).error == none);
  CHECK(c.write(0, 2, 7, 12, {batch(13, 14, 2, 1)}) == none);
  const auto records = c.log.size();
  CHECK(c.init(0, 2, 10) == none);
  // A group that does not know of it asks for it in whatever epoch it is by now.
  CHECK(c.init(0, 3, -1) == none);
  CHECK(c.init(0, 1, -1) == none);
  CHECK(c.log.size() == records);
  CHECK(c.is.find(part(0))->start == offset(12));
  CHECK(c.init(0, 1, 5) == fenced_state_epoch);
}

TEST_CASE("what is done stays so, however often it was delivered elsewhere") {
  tested c;
  CHECK(c.init(0, 1, 0) == none);
  CHECK(c.read(0, 7).error == none);
  // Of the leader of the same epoch that was dropped, because it did not hear that this is stored.
  const state_batches late{batch(3, 5, 0, 2)};
  CHECK(c.write(0, 1, 7, 0, {batch(4, 4, 2, 1)}) == none);
  CHECK(c.write(0, 1, 7, 0, late) == none);
  CHECK(c.is.find(part(0))->batches ==
        state_batches{batch(3, 3, 0, 2), batch(4, 4, 2, 1), batch(5, 5, 0, 2)});
}

TEST_CASE("what can't be is refused") {
  tested c;
  CHECK(c.init(0, 0, -1) == none);
  CHECK(c.summary(0).delivery_complete_count == -1);
  CHECK(c.init(10, 0, 0) == unknown_topic_or_partition);
  CHECK(c.init(-1, 0, 0) == invalid_request);
  CHECK(c.read(1, 0).error == invalid_request);
  CHECK(c.write(1, 0, 0, 0, {}) == invalid_request);
  CHECK(c.write(0, 0, 0, 0, {batch(5, 4, 0, 0)}) == invalid_request);
  CHECK(c.summary(10).error == unknown_topic_or_partition);
  CHECK(c.remove(10) == unknown_topic_or_partition);
  CHECK(c.log.size() == 1);
  CHECK(c.summary(10).error_message.has_value());
  CHECK_FALSE(c.summary(0).error_message.has_value());

  share_coordinator loading({});
  const auto out = loading.step(c.about<kafka::read_share_group_state_request>(0), {});
  CHECK(std::get<kafka::read_share_group_state_response>(out.answers.at(0).second)
            .results[0]
            .partitions[0]
            .error == coordinator_load_in_progress);
}

TEST_CASE("the start goes back only where the group begins anew") {
  tested c;
  CHECK(c.init(0, 0, 100) == none);
  CHECK(c.write(0, 0, 0, 90, {batch(90, 110, 2, 1)}) == none);
  CHECK(c.is.find(part(0))->start == offset(100));
  CHECK(c.is.find(part(0))->batches == state_batches{batch(100, 110, 2, 1)});
  CHECK(c.init(0, 1, 5) == none);
  CHECK(c.is.find(part(0))->start == offset(5));
  CHECK(c.is.find(part(0))->batches.empty());
}

bool is_update(const group::coordinator_record& r) {
  return std::holds_alternative<update_key>(decode_key(r.key).value());
}

TEST_CASE("small changes are updates, each with all since the snapshot") {
  tested c({.updates_per_snapshot = 3});
  CHECK(c.init(0, 0, 0) == none);
  state_batches many;
  for (int i = 0; i < 40; ++i) many.push_back(batch(i * 10, i * 10 + 4, 2, 1));
  CHECK(c.write(0, 0, 0, 0, many) == none);
  CHECK_FALSE(is_update(c.log.back()));
  for (int i = 0; i < 3; ++i) {
    CHECK(c.write(0, 0, 0, 0, {batch(i * 10 + 6, i * 10 + 7, 2, 1)}) == none);
    REQUIRE(is_update(c.log.back()));
    CHECK(decode_update(c.log.back().value.value()).value().batches.size() ==
          static_cast<std::size_t>(i) + 1);
  }
  CHECK(c.write(0, 0, 0, 0, {batch(500, 501, 2, 1)}) == none);
  CHECK_FALSE(is_update(c.log.back()));
  CHECK(c.is.find(part(0))->snapshot_epoch == 2);
  CHECK(c.is.find(part(0))->changed.empty());
}

TEST_CASE("whatever is written, the log says the same, compacted or not") {
  std::minstd_rand chance(11);
  const auto below = [&](int n) { return static_cast<int>(chance() % static_cast<unsigned>(n)); };
  tested c({.updates_per_snapshot = 4});
  int updates = 0;
  for (int round = 0; round < 400; ++round) {
    const auto p = below(2);
    switch (below(12)) {
      case 0:
        (void)c.init(p, below(3) == 0 ? round / 50 : -1, below(30));
        break;
      case 1:
        (void)c.remove(p);
        break;
      case 2:
        (void)c.read(p, round / 40);
        break;
      default: {
        state_batches some;
        for (int i = below(4) == 0 ? 12 : 1; i-- > 0;) {
          const auto first = below(200);
          some.push_back(batch(first, first + below(5), 2 * below(3), below(4)));
        }
        const auto before = c.log.size();
        (void)c.write(p, -1, -1, below(40), some);
        if (c.log.size() > before && is_update(c.log.back())) ++updates;
      }
    }
  }
  CHECK(updates > 20);
  const std::vector<uuid> gone{topic, {3, 4}};
  c.take(c.is.topics_deleted(gone));
  CHECK(c.is.size() == 0);
}

}  // namespace
}  // namespace weir::share
