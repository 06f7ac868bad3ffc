#include "core/group/group_world_test.h"

namespace weir::group {
namespace {

using kafka::error_code;

constexpr std::int64_t day_ms = 86'400'000;
constexpr uuid topic_t{1, 1};

struct offsets_world : group_world {
  using group_world::group_world;

  error_code commit(const committing& c, std::int16_t version = 9) {
    return ask<kafka::offset_commit_response>(commit_of(c), version).topics[0].partitions[0].error;
  }
  error_code txn_commit(const committing& c, std::int64_t producer, std::int16_t version = 5) {
    return ask<kafka::txn_offset_commit_response>(txn_commit_of(c, producer), version)
        .topics[0]
        .partitions[0]
        .error;
  }
  kafka::offset_fetch_response::partition fetch(const std::string& topic = "t",
                                                std::int32_t partition = 0, bool stable = false,
                                                const std::string& group = "g") {
    const auto a =
        ask<kafka::offset_fetch_response>(fetch_of(std::pair(topic, partition), stable, group), 9);
    return a.groups[0].topics[0].partitions[0];
  }
  std::int64_t at(const std::string& topic = "t", std::int32_t partition = 0,
                  const std::string& group = "g") {
    return fetch(topic, partition, false, group).committed_offset;
  }
  std::size_t listed() {
    return ask<kafka::list_groups_response>(kafka::list_groups_request(), 5).groups.size();
  }
  // A stable group of one consumer of topic t; its id.
  std::string member(const std::string& group = "g", const std::string& type = "consumer") {
    const auto t = send(join_of({.group = group, .type = type}), 3);
    pass(3'000);
    const auto joined = get<kafka::join_group_response>(t);
    auto sync = sync_of(joined.member_id.str(), joined.generation_id, {}, group);
    sync.protocol_type.reset();
    REQUIRE(ask<kafka::sync_group_response>(sync, 4).error == error_code::none);
    return joined.member_id.str();
  }
  void leave(const std::string& id, const std::string& group = "g") {
    (void)ask<kafka::leave_group_response>(leave_of({{id, {}}}, group), 5);
  }
};

TEST_CASE("an offset is committed and fetched, with all that belongs to it") {
  offsets_world w;
  CHECK(w.commit({.offset = 42, .metadata = "note"}) == error_code::none);
  auto p = w.fetch();
  CHECK(p.committed_offset == 42);
  CHECK(p.committed_leader_epoch == 5);
  CHECK(p.metadata->view() == "note");
  CHECK(p.error == error_code::none);
  p = w.fetch("t", 1);
  CHECK(p.committed_offset == -1);
  CHECK(p.committed_leader_epoch == -1);
  CHECK(p.metadata->view().empty());
  CHECK(p.error == error_code::none);
  CHECK(w.fetch("t", 0, false, "none").committed_offset == -1);
  w.crash();
  CHECK(w.fetch().metadata->view() == "note");
  CHECK(w.commit({.offset = 41}) == error_code::none);  // back, if it is said
  CHECK(w.at() == 41);
  CHECK(w.log.size() == 2);
}

TEST_CASE("fetches in every version") {
  offsets_world w;
  w.topics.known["t"] = {topic_t, 1};
  REQUIRE(w.commit({.offset = 42}) == error_code::none);
  REQUIRE(w.commit({.offset = 43, .partition = 1}) == error_code::none);
  REQUIRE(w.commit({.offset = 7, .topic = "u"}) == error_code::none);
  kafka::offset_fetch_request old;
  old.group_id = "g";
  old.topics.emplace().push_back({"t", {0, 9}});
  for (std::int16_t version = 1; version <= 7; ++version) {
    const auto a = w.ask<kafka::offset_fetch_response>(old, version);
    CHECK(a.error == error_code::none);
    REQUIRE(a.topics.size() == 1);
    CHECK(a.topics[0].partitions[0].committed_offset == 42);
    CHECK(a.topics[0].partitions[1].committed_offset == -1);
  }
  old.topics.reset();
  const auto all = w.ask<kafka::offset_fetch_response>(old, 7);
  REQUIRE(all.topics.size() == 2);
  CHECK(all.topics[0].partitions.size() == 2);
  for (std::int16_t version = 8; version <= 10; ++version) {
    auto r = fetch_of(std::nullopt);
    r.groups.push_back(fetch_of(std::pair("u", 0), false, "other").groups[0]);
    const auto a = w.ask<kafka::offset_fetch_response>(r, version);
    REQUIRE(a.groups.size() == 2);
    CHECK(a.groups[0].topics.size() == 2);
    CHECK(a.groups[0].topics[0].topic_id == topic_t);
    CHECK(a.groups[1].topics[0].partitions[0].committed_offset == -1);
  }
}

TEST_CASE("offsets of a topic are nothing to another one with its name") {
  offsets_world w;
  REQUIRE(w.commit({.offset = 42, .topic_id = topic_t}, 10) == error_code::none);
  const auto fetch = [&](const uuid& id) {
    const auto a =
        w.ask<kafka::offset_fetch_response>(fetch_of(std::pair("t", 0), false, "g", id), 10);
    return a.groups[0].topics[0].partitions[0].committed_offset;
  };
  CHECK(fetch(topic_t) == 42);
  CHECK(fetch({}) == 42);
  CHECK(fetch({2, 2}) == -1);
  w.crash();
  CHECK(fetch({2, 2}) == -1);
  w.delete_topic("t", {2, 2});
  CHECK(fetch(topic_t) == 42);
  w.delete_topic("t", topic_t);
  CHECK(fetch({}) == -1);
  CHECK(w.listed() == 0);
}

TEST_CASE("who may commit") {
  offsets_world w;
  CHECK(w.commit({.generation = 3}) == error_code::illegal_generation);
  CHECK(w.commit({.offset = 1}) == error_code::none);  // a group without members
  const auto id = w.member();
  CHECK(w.commit({}) == error_code::unknown_member_id);
  CHECK(w.commit({.member_id = "x", .generation = 1}) == error_code::unknown_member_id);
  CHECK(w.commit({.member_id = id, .generation = 2}) == error_code::illegal_generation);
  CHECK(w.commit({.member_id = id, .generation = 0}) == error_code::illegal_generation);
  CHECK(w.commit({.offset = 2, .member_id = id, .generation = 1}) == error_code::none);
  auto fenced = commit_of({.member_id = id, .generation = 1});
  fenced.group_instance_id = "i";
  CHECK(w.ask<kafka::offset_commit_response>(fenced, 9).topics[0].partitions[0].error ==
        error_code::unknown_member_id);
  // A rebalance: until it is complete the old generation may commit, what it has is still its own.
  const auto t = w.send(join_of({}), 3);
  CHECK(w.commit({.offset = 3, .member_id = id, .generation = 1}) == error_code::none);
  (void)w.send(join_of({.member_id = id}), 3);
  REQUIRE(w.get<kafka::join_group_response>(t).generation_id == 2);
  CHECK(w.commit({.member_id = id, .generation = 1}) == error_code::illegal_generation);
  CHECK(w.commit({.member_id = id, .generation = 2}) == error_code::rebalance_in_progress);
  CHECK(w.at() == 3);
}

TEST_CASE("a commit is a sign of life") {
  offsets_world w;
  const auto id = w.member();
  for (int i = 0; i < 4; ++i) {
    w.pass(9'000);
    CHECK(w.commit({.member_id = id, .generation = 1}) == error_code::none);
  }
  w.pass(10'000);
  CHECK(w.commit({.member_id = id, .generation = 1}) == error_code::unknown_member_id);
}

TEST_CASE("metadata has a limit, partition by partition") {
  offsets_world w({.offset_metadata_bytes_max = 4});
  auto r = commit_of({.offset = 1, .metadata = "12345"});
  r.topics[0].partitions.push_back({1, 2, -1, std::nullopt});
  const auto a = w.ask<kafka::offset_commit_response>(r, 9);
  CHECK(a.topics[0].partitions[0].error == error_code::offset_metadata_too_large);
  CHECK(a.topics[0].partitions[1].error == error_code::none);
  CHECK(w.at("t", 0) == -1);
  CHECK(w.at("t", 1) == 2);
  CHECK(w.txn_commit({.metadata = "12345"}, 1) == error_code::offset_metadata_too_large);
}

TEST_CASE("offsets of a transaction count when it is committed") {
  offsets_world w;
  REQUIRE(w.commit({.offset = 1}) == error_code::none);
  REQUIRE(w.txn_commit({.offset = 10}, 1) == error_code::none);
  REQUIRE(w.txn_commit({.offset = 20, .partition = 1}, 2) == error_code::none);
  CHECK(w.at() == 1);
  CHECK(w.fetch("t", 0, true).error == error_code::unstable_offset_commit);
  CHECK(w.fetch("t", 0, true).committed_offset == -1);
  CHECK(w.fetch("t", 2, true).error == error_code::none);
  CHECK(w.fetch("t", 0, true, "other").error == error_code::none);
  w.crash();
  CHECK(w.fetch("t", 0, true).error == error_code::unstable_offset_commit);
  w.marker(3, true);  // nothing is open
  w.marker(1, true);
  w.marker(2, false);
  CHECK(w.fetch("t", 0, true).committed_offset == 10);
  CHECK(w.fetch("t", 1, true).committed_offset == -1);
  w.crash();
  CHECK(w.at() == 10);
  CHECK(w.at("t", 1) == -1);
}

TEST_CASE("a transaction does not take back what was committed after it") {
  offsets_world w;
  REQUIRE(w.txn_commit({.offset = 10}, 1) == error_code::none);
  REQUIRE(w.txn_commit({.offset = 10, .partition = 1}, 1) == error_code::none);
  REQUIRE(w.commit({.offset = 99}) == error_code::none);
  w.marker(1, true);
  CHECK(w.at() == 99);
  CHECK(w.at("t", 1) == 10);
}

TEST_CASE("an aborted transaction leaves no group behind") {
  offsets_world w;
  REQUIRE(w.txn_commit({.offset = 10}, 1) == error_code::none);
  CHECK(w.listed() == 1);
  w.marker(1, false);
  CHECK(w.listed() == 0);
}

TEST_CASE("who may commit in a transaction") {
  offsets_world w;
  CHECK(w.txn_commit({.group = ""}, 1) == error_code::invalid_group_id);
  CHECK(w.txn_commit({.generation = 1}, 1) == error_code::illegal_generation);
  const auto id = w.member();
  CHECK(w.txn_commit({}, 1, 2) == error_code::none);  // before version 3 nobody says who he is
  CHECK(w.txn_commit({.member_id = id, .generation = 2}, 1) == error_code::illegal_generation);
  CHECK(w.txn_commit({.member_id = "x", .generation = 1}, 1) == error_code::unknown_member_id);
  CHECK(w.txn_commit({.member_id = id, .generation = 1}, 1) == error_code::none);
}

TEST_CASE("offsets of a group without members end the retention after it became empty") {
  offsets_world w;
  const auto id = w.member();
  REQUIRE(w.commit({.offset = 1, .member_id = id, .generation = 1}) == error_code::none);
  w.leave(id);
  w.pass(7 * day_ms - 1'000);
  CHECK(w.at() == 1);
  // What is committed meanwhile is kept as long again, and so is the group.
  REQUIRE(w.commit({.offset = 2, .partition = 1}) == error_code::none);
  w.pass(700'000);
  CHECK(w.at() == -1);
  CHECK(w.at("t", 1) == 2);
  CHECK(w.listed() == 1);
  w.crash();
  w.pass(7 * day_ms);
  CHECK(w.at("t", 1) == -1);
  CHECK(w.listed() == 0);
  w.crash();
  CHECK(w.listed() == 0);
}

TEST_CASE("an empty group without offsets goes at the next look") {
  offsets_world w;
  w.leave(w.member());
  CHECK(w.listed() == 1);
  w.pass(600'000);
  CHECK(w.listed() == 0);
}

TEST_CASE("consumers keep the offsets of what they subscribe to") {
  offsets_world w;
  const auto id = w.member();
  REQUIRE(w.commit({.offset = 1, .member_id = id, .generation = 1}) == error_code::none);
  REQUIRE(w.commit({.offset = 2, .topic = "u", .member_id = id, .generation = 1}) ==
          error_code::none);
  const auto live = [&](std::int64_t ms) {
    for (; ms > 0; ms -= 9'000) {
      (void)w.ask<kafka::heartbeat_response>(beat_of(id, 1), 4);
      w.pass(9'000);
    }
  };
  w.settings.offsets_retention_ms = 2 * 3'600'000;
  w.live->configure(w.settings);
  live(3 * 3'600'000);
  CHECK(w.at() == 1);
  CHECK(w.at("u") == -1);
}

TEST_CASE("members of another kind keep all offsets") {
  offsets_world w({.offsets_retention_ms = 3'600'000});
  const auto id = w.member("g", "connect");
  REQUIRE(w.commit({.offset = 1, .member_id = id, .generation = 1}) == error_code::none);
  for (int i = 0; i < 1000; ++i) {
    (void)w.ask<kafka::heartbeat_response>(beat_of(id, 1), 4);
    w.pass(9'000);
  }
  CHECK(w.at() == 1);
}

TEST_CASE("offsets of a simple group end the retention after their commit, or when they were to") {
  offsets_world w;
  REQUIRE(w.commit({.offset = 1}) == error_code::none);
  REQUIRE(w.commit({.offset = 2, .partition = 1, .retention_ms = 3'600'000}, 4) ==
          error_code::none);
  REQUIRE(w.commit({.offset = 3, .partition = 2, .retention_ms = INT64_MAX}, 4) ==
          error_code::none);
  REQUIRE(w.txn_commit({.offset = 4, .partition = 3}, 1) == error_code::none);
  w.crash();
  w.pass(3'600'000 + 600'000);
  CHECK(w.at("t", 0) == 1);
  CHECK(w.at("t", 1) == -1);
  w.pass(8 * day_ms);
  CHECK(w.at("t", 0) == -1);
  CHECK(w.at("t", 2) == 3);
  CHECK(w.fetch("t", 3, true).error == error_code::unstable_offset_commit);
}

TEST_CASE("a round of expiry is cut into steps") {
  offsets_world w({.offsets_retention_ms = 1, .work_per_tick = 10});
  for (int i = 0; i < 40; ++i) {
    REQUIRE(w.commit({.offset = 1, .group = "g" + std::to_string(i)}) == error_code::none);
  }
  w.pass(599'999);
  CHECK(w.listed() == 40);
  w.now.steady_ms += 1;
  const auto one = w.live->tick(w.now);
  CHECK(one.batches.size() == 1);
  CHECK(one.batches[0].records.size() == 5);
  CHECK(w.live->next_deadline() == w.now.steady_ms);
}

TEST_CASE("offsets are deleted, but for what is subscribed to") {
  offsets_world w;
  const auto remove = [&](const std::string& topic, const std::string& group = "g") {
    kafka::offset_delete_request r;
    r.group_id = text::copy(group);
    auto& t = r.topics.emplace_back();
    t.name = text::copy(topic);
    t.partitions.push_back({0});
    const auto a = w.ask<kafka::offset_delete_response>(r, 0);
    return a.error != error_code::none ? a.error : a.topics[0].partitions[0].error;
  };
  CHECK(remove("t", "") == error_code::invalid_group_id);
  CHECK(remove("t") == error_code::group_id_not_found);
  REQUIRE(w.commit({.offset = 1}) == error_code::none);
  REQUIRE(w.commit({.offset = 1, .topic = "u"}) == error_code::none);
  const auto id = w.member();
  CHECK(remove("t") == error_code::group_subscribed_to_topic);
  CHECK(remove("u") == error_code::none);
  CHECK(remove("v") == error_code::none);
  CHECK(w.at("t") == 1);
  CHECK(w.at("u") == -1);
  w.leave(id);
  CHECK(remove("t") == error_code::none);
  CHECK(w.at("t") == -1);
  (void)w.member("other", "connect");
  CHECK(remove("t", "other") == error_code::non_empty_group);
}

TEST_CASE("groups are deleted, with all that is theirs") {
  offsets_world w;
  const auto remove = [&] {
    kafka::delete_groups_request r;
    r.groups_names.push_back("g");
    return w.ask<kafka::delete_groups_response>(r, 2).results[0].error;
  };
  CHECK(remove() == error_code::group_id_not_found);
  const auto id = w.member();
  REQUIRE(w.commit({.offset = 1, .member_id = id, .generation = 1}) == error_code::none);
  REQUIRE(w.txn_commit({.offset = 2, .partition = 1, .member_id = id, .generation = 1}, 1) ==
          error_code::none);
  CHECK(remove() == error_code::non_empty_group);
  w.leave(id);
  CHECK(remove() == error_code::none);
  CHECK(w.listed() == 0);
  w.marker(1, true);
  CHECK(w.listed() == 0);
  w.crash();
  CHECK(w.listed() == 0);
  CHECK(w.at() == -1);
}

TEST_CASE("groups are listed and described") {
  offsets_world w;
  const auto id = w.member();
  REQUIRE(w.commit({.offset = 1, .group = "simple"}) == error_code::none);
  const auto list = [&](std::vector<std::string> states, std::vector<std::string> types) {
    kafka::list_groups_request r;
    for (const auto& s : states) r.states_filter.push_back(text::copy(s));
    for (const auto& s : types) r.types_filter.push_back(text::copy(s));
    std::string all;
    for (const auto& g : w.ask<kafka::list_groups_response>(r, 5).groups) {
      all += g.group_id.str() + ":" + g.protocol_type.str() + ":" + g.group_state.str() + ":" +
             g.group_type.str() + " ";
    }
    return all;
  };
  CHECK(list({}, {}) == "g:consumer:Stable:Classic simple::Empty:Classic ");
  CHECK(list({"stable"}, {}) == "g:consumer:Stable:Classic ");
  CHECK(list({"Empty", "Dead"}, {"classic"}) == "simple::Empty:Classic ");
  CHECK(list({}, {"consumer"}).empty());

  kafka::describe_groups_request r;
  r.groups = {"g", "simple", "none"};
  const auto old = w.ask<kafka::describe_groups_response>(r, 5);
  CHECK(old.groups[0].group_state == "Stable");
  CHECK(old.groups[0].protocol_data == "range");
  CHECK(old.groups[0].members[0].member_id.view() == std::string_view(id));
  CHECK(old.groups[0].members[0].client_host == "/192.0.2.1");
  CHECK(old.groups[0].members[0].member_metadata == subscription_to({"t"}));
  CHECK(old.groups[1].group_state == "Empty");
  CHECK(old.groups[2].group_state == "Dead");
  CHECK(old.groups[2].error == error_code::none);
  const auto a = w.ask<kafka::describe_groups_response>(r, 6);
  CHECK(a.groups[2].error == error_code::group_id_not_found);
  CHECK(a.groups[2].error_message->view() == "Group none not found.");

  const auto f = w.live->figures();
  CHECK(f.classic_by_state.at("Stable") == 1);
  CHECK(f.classic_by_state.at("Empty") == 1);
  CHECK(f.offsets == 1);
  std::size_t seen = 0;
  w.live->for_each_offset([&](const committed_offset_view& o) {
    CHECK(o.group == "simple");
    CHECK(o.at == offset(1));
    ++seen;
  });
  CHECK(seen == 1);
}

TEST_CASE("a full coordinator takes nothing new, and goes on with what it has") {
  offsets_world w;
  REQUIRE(w.commit({.offset = 1}) == error_code::none);
  const auto id = w.member();
  w.settings.memory_bytes_max = 100;
  w.live->configure(w.settings);
  CHECK(w.commit({.offset = 2, .member_id = id, .generation = 1}) == error_code::none);
  CHECK(w.commit({.offset = 2, .partition = 1, .member_id = id, .generation = 1}) ==
        error_code::coordinator_load_in_progress);
  CHECK(w.txn_commit({.offset = 2, .member_id = id, .generation = 1}, 1) ==
        error_code::coordinator_load_in_progress);
  CHECK(w.ask<kafka::join_group_response>(join_of({}), 3).error ==
        error_code::coordinator_load_in_progress);
  CHECK(w.ask<kafka::join_group_response>(join_of({.group = "other"}), 9).error ==
        error_code::coordinator_load_in_progress);
  CHECK(w.listed() == 1);
}

TEST_CASE("requests that are too long are refused, large commits are several batches") {
  offsets_world w({.batch_bytes_max = 1'000, .items_per_step_max = 50});
  auto r = commit_of({});
  for (std::int32_t p = 1; p < 49; ++p) r.topics[0].partitions.push_back({p, 1, -1, "x"});
  request_context c;
  c.api_version = 9;
  c.now = w.now;
  const auto out = w.live->step(r, c);
  CHECK(out.batches.size() > 1);
  std::size_t records = 0;
  for (const auto& b : out.batches) {
    records += b.records.size();
    std::size_t bytes = 0;
    for (const auto& record : b.records) bytes += record.key.size() + record.value->size();
    CHECK(bytes < 1'000);
  }
  CHECK(records == 49);
  r.topics[0].partitions.push_back({50, 1, -1, "x"});
  const auto refused = w.live->step(r, c);
  CHECK(refused.batches.empty());
  CHECK(std::get<kafka::offset_commit_response>(refused.answers[0].second)
            .topics[0]
            .partitions[0]
            .error == error_code::invalid_request);
}

TEST_CASE("before it is loaded a coordinator refuses everything, in every version") {
  group_settings settings;
  topics_of_test topics;
  const auto check = [&]<typename Request>(Request r) {
    coordinator c(settings, topics);
    for (auto v = Request::version_min; v <= Request::version_max; ++v) {
      request_context context;
      context.api_version = v;
      const auto out = c.step(r, context);
      REQUIRE(out.answers.size() == 1);
      CHECK(encodes(out.answers[0].second, v));
    }
  };
  check(join_of({}));
  check(sync_of("m", 1));
  check(beat_of("m", 1));
  check(leave_of({{"m", {}}}));
  check(commit_of({}));
  check(txn_commit_of({}, 1));
  check(fetch_of(std::nullopt));
  kafka::offset_fetch_request old;
  old.topics.emplace().push_back({"t", {0, 9}});
  check(old);
  check(kafka::describe_groups_request{.groups = {"g"}});
  check(kafka::list_groups_request());
  check(kafka::delete_groups_request{.groups_names = {"g"}});
  check(kafka::offset_delete_request());
  check(kafka::consumer_group_heartbeat_request());
  check(kafka::consumer_group_describe_request{.group_ids = {"g"}});
}

}  // namespace
}  // namespace weir::group
