#include "core/group/group_world_test.h"

namespace weir::group {
namespace {

using kafka::error_code;

struct classic_world : group_world {
  using group_world::group_world;

  // Joins as clients do: gets an id first.
  ticket come(joining j) {
    if (j.member_id.empty() && !j.instance) {
      const auto a = ask<kafka::join_group_response>(join_of(j), 9);
      REQUIRE(a.error == error_code::member_id_required);
      j.member_id = a.member_id.str();
    }
    return send(join_of(j), 9);
  }
  kafka::join_group_response joined(ticket t) { return get<kafka::join_group_response>(t); }
  kafka::sync_group_response synced(ticket t) { return get<kafka::sync_group_response>(t); }
  error_code beat(const std::string& member, std::int32_t generation,
                  const std::optional<std::string>& instance = {}) {
    return ask<kafka::heartbeat_response>(beat_of(member, generation, instance), 4).error;
  }
  std::string state(const std::string& group = "g") { return describe(group).group_state.str(); }
  kafka::describe_groups_response::group describe(const std::string& group = "g") {
    kafka::describe_groups_request r;
    r.groups.push_back(text::copy(group));
    return ask<kafka::describe_groups_response>(r, 5).groups[0];
  }
  // A stable group of these; their ids, the leader's first.
  std::vector<std::string> stable(std::vector<joining> js) {
    std::vector<ticket> tickets;
    for (auto& j : js) tickets.push_back(come(j));
    pass(10'000);
    std::vector<std::string> ids;
    std::string leader;
    std::int32_t generation = 0;
    for (const auto t : tickets) {
      const auto a = joined(t);
      REQUIRE(a.error == error_code::none);
      ids.push_back(a.member_id.str());
      leader = a.leader.str();
      generation = a.generation_id;
    }
    std::ranges::partition(ids, [&](const auto& id) { return id == leader; });
    std::vector<std::pair<std::string, std::string>> parts;
    for (const auto& id : ids) parts.emplace_back(id, "part of " + id);
    for (const auto& id : ids) {
      const auto a = ask<kafka::sync_group_response>(
          sync_of(id, generation, id == leader ? parts : decltype(parts){}), 5);
      REQUIRE(a.error == error_code::none);
      CHECK(std::string(a.assignment.view()) == "part of " + id);
    }
    REQUIRE(state() == "Stable");
    return ids;
  }
};

TEST_CASE("a first member: id, delay, generation, assignment") {
  classic_world w;
  const auto first = w.ask<kafka::join_group_response>(join_of({}), 4);
  CHECK(first.error == error_code::member_id_required);
  CHECK(first.member_id.view().starts_with("client-00000000-0000-0001-0000-000"));
  CHECK(first.member_id.size() == 7 + 36);
  CHECK(w.state() == "Empty");
  const auto id = first.member_id.str();

  const auto t = w.send(join_of({.member_id = id}), 4);
  CHECK(w.state() == "PreparingRebalance");
  w.pass(2'999);
  CHECK(w.answers.empty());
  // It was added while the rebalance had not begun, so the delay is not prolonged.
  w.pass(1);
  const auto joined = w.joined(t);
  CHECK(joined.error == error_code::none);
  CHECK(joined.generation_id == 1);
  CHECK(joined.leader.view() == std::string_view(id));
  CHECK(joined.member_id.view() == std::string_view(id));
  REQUIRE(joined.members.size() == 1);
  CHECK(joined.members[0].metadata == subscription_to({"t"}));
  CHECK(w.state() == "CompletingRebalance");
  CHECK(w.log.empty());

  const auto a = w.ask<kafka::sync_group_response>(sync_of(id, 1, {{id, "all"}, {"x", "y"}}), 5);
  CHECK(a.assignment.view() == "all");
  CHECK(a.protocol_name->view() == "range");
  CHECK(w.log.size() == 1);
  CHECK(w.state() == "Stable");
  CHECK(w.beat(id, 1) == error_code::none);
  CHECK(w.beat(id, 2) == error_code::illegal_generation);
  CHECK(w.beat("nobody", 1) == error_code::unknown_member_id);
  CHECK(w.describe().members[0].member_assignment.view() == "all");
}

TEST_CASE("before version 4 the id comes with the generation") {
  classic_world w;
  const auto t = w.send(join_of({}), 3);
  w.pass(3'000);
  CHECK(w.joined(t).generation_id == 1);
  // Version 0 has no rebalance timeout: the session's counts.
  const auto other = w.send(join_of({.session_ms = 7'000}), 0);
  w.pass(60'000);
  CHECK(w.joined(other).generation_id == 2);
}

TEST_CASE("the first rebalance is put off as long as members come") {
  classic_world w({.first_rebalance_delay_ms = 3'000});
  const auto a = w.come({.rebalance_ms = 8'000});
  w.pass(2'000);
  const auto b = w.come({.rebalance_ms = 8'000});
  w.pass(1'000);
  CHECK(w.answers.empty());  // 3 s are over: 3 more, since b came
  w.pass(2'999);
  CHECK(w.answers.empty());
  const auto c = w.come({.rebalance_ms = 8'000});
  w.pass(1);
  CHECK(w.answers.empty());  // 2 more: what is left of 8
  const auto d = w.come({.rebalance_ms = 8'000});
  w.pass(2'000);
  for (const auto t : {a, b, c, d}) CHECK(w.joined(t).generation_id == 1);
}

TEST_CASE("a rebalance: who comes back, who doesn't") {
  classic_world w;
  const auto ids = w.stable({{}, {}, {}});
  const auto newcomer = w.come({});
  CHECK(w.state() == "PreparingRebalance");
  CHECK(w.beat(ids[0], 1) == error_code::rebalance_in_progress);
  const auto late = w.ask<kafka::sync_group_response>(sync_of(ids[1], 1), 5);
  CHECK(late.error == error_code::rebalance_in_progress);
  const auto b = w.send(join_of({.member_id = ids[1]}), 9);
  for (int i = 0; i < 20; ++i) {
    w.pass(2'900);
    CHECK(w.beat(ids[0], 1) == error_code::rebalance_in_progress);
    CHECK(w.beat(ids[2], 1) == error_code::rebalance_in_progress);
  }
  CHECK(w.answers.empty());
  w.pass(2'900);  // 60 s: the others lived, but did not join
  const auto joined = w.joined(b);
  CHECK(joined.generation_id == 2);
  CHECK(joined.leader.view() == std::string_view(ids[1]));  // the old leader is gone
  CHECK(joined.members.size() == 2);
  CHECK(w.joined(newcomer).members.empty());
  CHECK(w.beat(ids[0], 2) == error_code::unknown_member_id);
}

TEST_CASE("a rebalance ends when all have joined") {
  classic_world w;
  const auto ids = w.stable({{}, {}});
  const auto a = w.send(join_of({.member_id = ids[0]}), 9);  // the leader wants one
  CHECK(w.state() == "PreparingRebalance");
  CHECK(w.answers.empty());
  const auto b = w.send(join_of({.member_id = ids[1]}), 9);
  CHECK(w.joined(a).generation_id == 2);
  CHECK(w.joined(b).generation_id == 2);
}

TEST_CASE("who joins a stable group with nothing new hears what it knows") {
  classic_world w;
  const auto ids = w.stable({{}, {}});
  const auto follower = w.ask<kafka::join_group_response>(join_of({.member_id = ids[1]}), 9);
  CHECK(follower.generation_id == 1);
  CHECK(follower.members.empty());
  CHECK_FALSE(follower.skip_assignment);
  CHECK(w.state() == "Stable");
  const auto changed = w.send(join_of({.member_id = ids[1], .protocols = {{"range", "new"}}}), 9);
  CHECK(w.state() == "PreparingRebalance");
  (void)w.send(join_of({.member_id = ids[0]}), 9);
  CHECK(w.joined(changed).generation_id == 2);
  CHECK(w.state() == "CompletingRebalance");
  // Who missed its answer gets it again, the leader with everyone's metadata.
  const auto again = w.ask<kafka::join_group_response>(join_of({.member_id = ids[0]}), 9);
  CHECK(again.generation_id == 2);
  CHECK(again.members.size() == 2);
}

TEST_CASE("assignments wait for the leader, and for nobody else") {
  classic_world w;
  const auto ids = w.stable({{}, {}, {}});
  std::vector<ticket> joins;
  for (const auto& id : ids) joins.push_back(w.send(join_of({.member_id = id}), 9));
  for (const auto t : joins) CHECK(w.joined(t).generation_id == 2);
  const auto follower = w.send(sync_of(ids[1], 2), 5);
  w.pass(9'000);
  CHECK(w.answers.empty());
  CHECK(w.beat(ids[0], 2) == error_code::none);
  CHECK(w.beat(ids[2], 2) == error_code::none);
  w.pass(9'000);  // its session doesn't end while it waits
  const auto leader =
      w.ask<kafka::sync_group_response>(sync_of(ids[0], 2, {{ids[0], "a"}, {ids[1], "b"}}), 5);
  CHECK(leader.assignment.view() == "a");
  CHECK(w.synced(follower).assignment.view() == "b");
  CHECK(w.state() == "Stable");
  w.pass(1'000);  // the third one's session is over
  CHECK(w.state() == "PreparingRebalance");
}

TEST_CASE("who never asks for its assignment is put out") {
  classic_world w;
  const auto ids = w.stable({{.session_ms = 100'000}, {.session_ms = 100'000}});
  const auto a = w.send(join_of({.member_id = ids[0], .session_ms = 100'000}), 9);
  (void)w.send(join_of({.member_id = ids[1], .session_ms = 100'000}), 9);
  REQUIRE(w.joined(a).generation_id == 2);
  (void)w.ask<kafka::sync_group_response>(sync_of(ids[0], 2, {{ids[0], "a"}}), 5);
  CHECK(w.state() == "Stable");
  w.pass(59'999);
  CHECK(w.beat(ids[1], 2) == error_code::none);
  w.pass(1);
  CHECK(w.beat(ids[1], 2) == error_code::unknown_member_id);
  CHECK(w.state() == "PreparingRebalance");
}

TEST_CASE("waiting assignments fail when a rebalance begins") {
  classic_world w;
  const auto ids = w.stable({{}, {}});
  const auto a = w.send(join_of({.member_id = ids[0]}), 9);
  (void)w.send(join_of({.member_id = ids[1]}), 9);
  REQUIRE(w.joined(a).generation_id == 2);
  const auto sync = w.send(sync_of(ids[1], 2), 5);
  (void)w.come({});
  CHECK(w.synced(sync).error == error_code::rebalance_in_progress);
}

TEST_CASE("sessions end, and the group goes on or becomes empty") {
  classic_world w;
  const auto ids = w.stable({{}, {}});
  w.pass(5'000);
  CHECK(w.beat(ids[1], 1) == error_code::none);
  w.pass(5'001);
  CHECK(w.state() == "PreparingRebalance");
  CHECK(w.beat(ids[0], 1) == error_code::unknown_member_id);
  const auto b = w.ask<kafka::join_group_response>(join_of({.member_id = ids[1]}), 9);
  CHECK(b.leader.view() == std::string_view(ids[1]));
  CHECK(b.generation_id == 2);
  w.pass(10'000);
  CHECK(w.state() == "Empty");
  // A group that became empty has a generation too, and is remembered.
  w.crash();
  CHECK(w.state() == "Empty");
  const auto next = w.come({});
  w.pass(3'000);
  CHECK(w.joined(next).generation_id == 4);
}

TEST_CASE("ids that were given out end") {
  classic_world w;
  const auto ids = w.stable({{.session_ms = 100'000}});
  const auto given = w.ask<kafka::join_group_response>(join_of({.session_ms = 6'000}), 9);
  // While it is awaited, no rebalance is complete.
  const auto a = w.send(join_of({.member_id = ids[0], .session_ms = 100'000}), 9);
  CHECK(w.answers.empty());
  w.pass(6'000);
  CHECK(w.joined(a).generation_id == 2);
  const auto late =
      w.ask<kafka::join_group_response>(join_of({.member_id = given.member_id.str()}), 9);
  CHECK(late.error == error_code::unknown_member_id);

  const auto more = w.ask<kafka::join_group_response>(join_of({.group = "other"}), 9);
  CHECK(w.state("other") == "Empty");
  const auto left =
      w.ask<kafka::leave_group_response>(leave_of({{more.member_id.str(), {}}}, "other"), 5);
  CHECK(left.members[0].error == error_code::none);
  CHECK(w.state("other") == "Dead");
}

TEST_CASE("a new member is not kept waiting for ever") {
  classic_world w;
  const auto ids = w.stable({{.session_ms = 1'000'000, .rebalance_ms = 1'000'000}});
  const auto t = w.come({});
  for (int i = 0; i < 3; ++i) {
    w.pass(99'999);
    CHECK(w.beat(ids[0], 1) == error_code::rebalance_in_progress);
  }
  CHECK(w.answers.empty());
  w.pass(3);
  CHECK(w.joined(t).error == error_code::unknown_member_id);
}

TEST_CASE("joins that can't be") {
  classic_world w;
  const auto error = [&](const joining& j, std::int16_t version = 9) {
    return w.ask<kafka::join_group_response>(join_of(j), version).error;
  };
  CHECK(error({.group = ""}) == error_code::invalid_group_id);
  CHECK(error({.session_ms = 5'999}) == error_code::invalid_session_timeout);
  CHECK(error({.session_ms = 1'800'001}) == error_code::invalid_session_timeout);
  CHECK(error({.member_id = "x"}) == error_code::unknown_member_id);
  CHECK(error({.protocols = {}}) == error_code::inconsistent_group_protocol);
  CHECK(error({.type = ""}) == error_code::inconsistent_group_protocol);
  CHECK(error({.protocols = {{"range", std::string(1'100'000, 'x')}}}) ==
        error_code::unknown_server_error);
  CHECK(w.state() == "Dead");

  const auto ids = w.stable({{.protocols = {{"range", ""}, {"sticky", ""}}}, {}});
  CHECK(error({.type = "connect"}) == error_code::inconsistent_group_protocol);
  CHECK(error({.protocols = {{"sticky", ""}}}) == error_code::inconsistent_group_protocol);
  CHECK(error({.member_id = "x"}) == error_code::unknown_member_id);
  CHECK(error({.member_id = ids[0], .instance = "i"}) == error_code::unknown_member_id);
  CHECK(w.state() == "Stable");
}

TEST_CASE("the protocol most members prefer, of those that all have") {
  classic_world w;
  const std::vector<std::pair<std::string, std::string>> ab{{"a", ""}, {"b", ""}};
  const std::vector<std::pair<std::string, std::string>> cba{{"c", ""}, {"b", ""}, {"a", ""}};
  const auto first = w.come({.protocols = ab});
  (void)w.come({.protocols = cba});
  (void)w.come({.protocols = cba});
  w.pass(20'000);
  CHECK(w.joined(first).protocol_name->view() == "b");
}

TEST_CASE("the first member is gone before its rebalance began") {
  classic_world w;
  const auto t = w.send(join_of({}), 3);
  const auto id = w.describe().members[0].member_id.str();
  (void)w.ask<kafka::leave_group_response>(leave_of({{id, {}}}), 5);
  CHECK(w.joined(t).error == error_code::unknown_member_id);
  CHECK(w.state() == "PreparingRebalance");
  const auto next = w.send(join_of({.protocols = {{"sticky", ""}}}), 3);
  w.pass(6'000);
  CHECK(w.joined(next).generation_id == 1);
}

TEST_CASE("a group of limited size") {
  classic_world w({.members_max = 2});
  const auto ids = w.stable({{}, {}});
  CHECK(w.ask<kafka::join_group_response>(join_of({}), 9).error ==
        error_code::group_max_size_reached);
  CHECK(w.ask<kafka::join_group_response>(join_of({.member_id = ids[1]}), 9).error ==
        error_code::none);
  // A group that was larger before loses who comes last.
  w.settings.members_max = 1;
  w.crash();
  CHECK(w.state() == "PreparingRebalance");
  const auto a = w.send(join_of({.member_id = ids[1]}), 9);
  CHECK(w.ask<kafka::join_group_response>(join_of({.member_id = ids[0]}), 9).error ==
        error_code::group_max_size_reached);
  w.pass(60'000);
  CHECK(w.joined(a).generation_id == 2);
}

TEST_CASE("members leave") {
  classic_world w;
  const auto ids = w.stable({{}, {.instance = "i"}, {}});
  const auto one = [&](const std::string& id, const std::optional<std::string>& instance) {
    return w.ask<kafka::leave_group_response>(leave_of({{id, instance}}), 5).members[0].error;
  };
  CHECK(one("x", {}) == error_code::unknown_member_id);
  CHECK(one("", {}) == error_code::unknown_member_id);
  CHECK(one("", "j") == error_code::unknown_member_id);
  CHECK(one("x", "i") == error_code::fenced_instance_id);
  CHECK(w.state() == "Stable");
  const auto gone = w.ask<kafka::leave_group_response>(
      leave_of({{"", "i"}, {"x", {}}, {ids[0].starts_with("i-") ? ids[1] : ids[0], {}}}), 5);
  CHECK(gone.error == error_code::none);
  CHECK(gone.members[0].error == error_code::none);
  CHECK(gone.members[0].group_instance_id->view() == "i");
  CHECK(gone.members[1].error == error_code::unknown_member_id);
  CHECK(gone.members[2].error == error_code::none);
  CHECK(w.state() == "PreparingRebalance");

  kafka::leave_group_request old;
  old.group_id = "g";
  old.member_id = text::copy(ids[2].starts_with("i-") ? ids[1] : ids[2]);
  CHECK(w.ask<kafka::leave_group_response>(old, 2).error == error_code::none);
  CHECK(w.state() == "Empty");
  CHECK(w.ask<kafka::leave_group_response>(old, 2).error == error_code::unknown_member_id);
  old.group_id = "none";
  CHECK(w.ask<kafka::leave_group_response>(old, 2).error == error_code::unknown_member_id);
}

TEST_CASE("syncs that can't be") {
  classic_world w;
  const auto ids = w.stable({{}});
  const auto error = [&](kafka::sync_group_request r, std::int16_t version = 5) {
    return w.ask<kafka::sync_group_response>(r, version).error;
  };
  CHECK(error(sync_of(ids[0], 2)) == error_code::illegal_generation);
  CHECK(error(sync_of("x", 1)) == error_code::unknown_member_id);
  CHECK(error(sync_of(ids[0], 1, {}, "none")) == error_code::unknown_member_id);
  CHECK(error(sync_of(ids[0], 1, {}, "")) == error_code::invalid_group_id);
  auto r = sync_of(ids[0], 1);
  r.protocol_name = "sticky";
  CHECK(error(r) == error_code::inconsistent_group_protocol);
  r.protocol_name.reset();
  CHECK(error(r) == error_code::inconsistent_group_protocol);
  r.protocol_type.reset();
  CHECK(error(r, 4) == error_code::none);
  r.group_instance_id = "i";
  CHECK(error(r, 4) == error_code::unknown_member_id);
}

TEST_CASE("an assignment that can't be stored fails, and a rebalance follows") {
  classic_world w;
  const auto ids = w.stable({{}});
  (void)w.ask<kafka::join_group_response>(join_of({.member_id = ids[0]}), 9);
  const std::string huge(1'100'000, 'x');
  const auto a = w.ask<kafka::sync_group_response>(sync_of(ids[0], 2, {{ids[0], huge}}), 5);
  CHECK(a.error == error_code::unknown_server_error);
  CHECK(w.state() == "PreparingRebalance");
}

TEST_CASE("a restart finds groups as their last assignment left them") {
  classic_world w;
  const auto ids = w.stable({{}, {.instance = "i"}});
  w.pass(5'000);
  const auto waiting = w.come({});
  w.crash();
  CHECK(w.joined(waiting).error == error_code::not_coordinator);
  CHECK(w.state() == "Stable");
  CHECK(w.describe().members.size() == 2);
  w.pass(9'999);
  for (const auto& id : ids) CHECK(w.beat(id, 1) == error_code::none);
  const auto a = w.ask<kafka::sync_group_response>(sync_of(ids[1], 1), 5);
  CHECK(std::string(a.assignment.view()) == "part of " + ids[1]);
  w.pass(10'000);
  CHECK(w.state() == "Empty");
}

TEST_CASE("a static member comes back under a new id") {
  classic_world w;
  const auto ids = w.stable({{.instance = "a"}, {.instance = "b"}});
  const auto follower = w.ask<kafka::join_group_response>(join_of({.instance = "b"}), 9);
  CHECK(follower.error == error_code::none);
  CHECK(follower.generation_id == 1);
  CHECK(follower.leader.view() == std::string_view(ids[0]));
  CHECK(follower.members.empty());
  CHECK_FALSE(follower.skip_assignment);
  const auto b = follower.member_id.str();
  CHECK(b != ids[1]);
  CHECK(w.state() == "Stable");
  CHECK(w.beat(ids[1], 1, "b") == error_code::fenced_instance_id);
  CHECK(w.beat(ids[1], 1) == error_code::unknown_member_id);
  CHECK(w.beat(b, 1, "b") == error_code::none);
  const auto part = w.ask<kafka::sync_group_response>(sync_of(b, 1), 5);
  CHECK(std::string(part.assignment.view()) == "part of " + ids[1]);

  // The leader: told so, and not to assign, or (before version 9) not told.
  const auto leader = w.ask<kafka::join_group_response>(join_of({.instance = "a"}), 9);
  CHECK(leader.leader.view() == std::string_view(leader.member_id));
  CHECK(leader.skip_assignment);
  CHECK(leader.members.size() == 2);
  const auto old = w.ask<kafka::join_group_response>(join_of({.instance = "a"}), 8);
  CHECK(old.leader.view() == std::string_view(leader.member_id));
  CHECK(old.member_id.view() != std::string_view(leader.member_id));
  CHECK(old.members.empty());
  // It survives.
  w.crash();
  CHECK(w.beat(old.member_id.str(), 1, "a") == error_code::none);
  CHECK(w.beat(leader.member_id.str(), 1, "a") == error_code::fenced_instance_id);
}

TEST_CASE("a static member comes back in the middle of a rebalance") {
  classic_world w;
  const auto ids = w.stable({{.instance = "a"}, {.instance = "b"}});
  const auto one = w.send(join_of({.member_id = ids[0], .instance = "a"}), 9);
  const auto other = w.send(join_of({.instance = "a"}), 9);
  CHECK(w.joined(one).error == error_code::fenced_instance_id);
  CHECK(w.answers.empty());
  const auto b = w.send(join_of({.member_id = ids[1], .instance = "b"}), 9);
  const auto a = w.joined(other);
  CHECK(a.generation_id == 2);
  CHECK(a.leader.view() == std::string_view(a.member_id));  // it leads as it did
  CHECK(w.joined(b).generation_id == 2);
  // In CompletingRebalance: the leader has the old id in hand.
  const auto sync = w.send(sync_of(ids[1], 2), 5);
  (void)w.send(join_of({.instance = "b"}), 9);
  CHECK(w.synced(sync).error == error_code::fenced_instance_id);
  CHECK(w.state() == "PreparingRebalance");
}

TEST_CASE("a static member comes back with another protocol") {
  classic_world w;
  const std::vector<std::pair<std::string, std::string>> both{{"range", ""}, {"sticky", ""}};
  const std::vector<std::pair<std::string, std::string>> turned{{"sticky", ""}, {"range", ""}};
  (void)w.stable({{.instance = "a", .protocols = both}});
  (void)w.send(join_of({.instance = "a", .protocols = turned}), 9);
  CHECK(w.describe().protocol_data.empty());
  const auto a = w.joined(w.answers.begin()->first);
  CHECK(a.generation_id == 2);
  CHECK(a.protocol_name->view() == "sticky");
}

TEST_CASE("static members keep their places in a rebalance without them") {
  classic_world w;
  const auto ids = w.stable({{.instance = "a", .session_ms = 100'000}, {.session_ms = 100'000}});
  const auto dynamic = ids[0].starts_with("a-") ? ids[1] : ids[0];
  const auto t = w.send(
      join_of({.member_id = dynamic, .protocols = {{"range", "n"}}, .session_ms = 100'000}), 9);
  w.pass(60'000);
  const auto a = w.joined(t);
  CHECK(a.leader.view() == std::string_view(dynamic));
  CHECK(a.members.size() == 2);
  // Alone they are waited for until their sessions end.
  (void)w.ask<kafka::leave_group_response>(leave_of({{dynamic, {}}}), 5);
  CHECK(w.state() == "PreparingRebalance");
  w.pass(60'001);
  CHECK(w.state() == "PreparingRebalance");
  w.pass(100'000);
  CHECK(w.state() == "Empty");
}

TEST_CASE("a join that is asked again while it waits") {
  classic_world w;
  const auto ids = w.stable({{}, {}});
  const auto first = w.send(join_of({.member_id = ids[0]}), 9);
  const auto second = w.send(join_of({.member_id = ids[0]}), 9);
  CHECK(w.joined(first).error == error_code::rebalance_in_progress);
  (void)w.send(join_of({.member_id = ids[1]}), 9);
  CHECK(w.joined(second).generation_id == 2);
}

}  // namespace
}  // namespace weir::group
