// Groups that go from one protocol to the other while their members work.
#include <catch2/catch_all.hpp>

#include <algorithm>

#include "core/codec/writer.h"
#include "core/group/embedded_protocol.h"
#include "core/group/group_world_test.h"

namespace weir::group {
namespace {

using kafka::consumer_group_heartbeat_request;
using kafka::consumer_group_heartbeat_response;
using kafka::error_code;

using owned_list = std::map<std::string, std::vector<std::int32_t>>;

bytes subscription_bytes(const std::vector<std::string>& topics, const owned_list& owned) {
  kafka::writer to;
  to.int16(1);
  to.array(topics.size(), false);
  for (const auto& t : topics) to.string(text(t), false);
  to.nullable_byte_string(std::nullopt, false);
  to.array(owned.size(), false);
  for (const auto& [topic, list] : owned) {
    to.string(text(topic), false);
    to.array(list.size(), false);
    for (const auto p : list) to.int32(p);
  }
  return bytes::copy(to.take().str());
}

owned_list owned_from(const bytes& assignment) {
  const auto decoded = assignment_from(assignment);
  REQUIRE(decoded);
  owned_list out;
  for (const auto& [name, list] : decoded->partitions) out[name.str()] = list;
  return out;
}

bytes assignment_of(const owned_list& owned) {
  named_partitions named;
  for (const auto& [name, list] : owned) named[text(name)] = list;
  return assignment_bytes(named, 1);
}

// A consumer of the classic protocol.
struct classic_client {
  group_world& w;
  bool cooperative = false;  // it keeps what it has while it joins
  std::optional<std::string> instance;
  std::string id;
  std::int32_t generation = -1;
  owned_list owned;

  kafka::join_group_request join_request() const {
    kafka::join_group_request r;
    r.group_id = "g";
    r.session_timeout_ms = 45'000;
    r.rebalance_timeout_ms = 60'000;
    r.member_id = text(id);
    if (instance) r.group_instance_id = text(*instance);
    r.protocol_type = "consumer";
    r.protocols.push_back({"range", subscription_bytes({"t"}, cooperative ? owned : owned_list{})});
    return r;
  }
  ticket begin_join() {
    if (!cooperative) owned.clear();
    return w.send(join_request(), 9);
  }
  kafka::join_group_response end_join(ticket t) {
    auto a = w.get<kafka::join_group_response>(t);
    id = a.member_id.str();
    if (a.error == error_code::none) generation = a.generation_id;
    return a;
  }
  kafka::join_group_response join() {
    auto a = end_join(begin_join());
    if (a.error == error_code::member_id_required) a = end_join(begin_join());
    return a;
  }
  ticket begin_sync(const std::map<std::string, owned_list>& shares = {}) {
    kafka::sync_group_request r;
    r.group_id = "g";
    r.member_id = text(id);
    r.generation_id = generation;
    if (instance) r.group_instance_id = text(*instance);
    r.protocol_type = "consumer";
    r.protocol_name = "range";
    for (const auto& [member, share] : shares) {
      r.assignments.push_back({text(member), assignment_of(share)});
    }
    return w.send(r, 5);
  }
  error_code end_sync(ticket t) {
    const auto a = w.get<kafka::sync_group_response>(t);
    if (a.error == error_code::none) owned = owned_from(a.assignment);
    return a.error;
  }
  error_code beat() {
    kafka::heartbeat_request r;
    r.group_id = "g";
    r.member_id = text(id);
    r.generation_id = generation;
    if (instance) r.group_instance_id = text(*instance);
    return w.ask<kafka::heartbeat_response>(r, 4).error;
  }
  error_code leave() {
    kafka::leave_group_request r;
    r.group_id = "g";
    r.members.push_back({text(id), std::nullopt, std::nullopt});
    return w.ask<kafka::leave_group_response>(r, 5).members[0].error;
  }
  // What a client does once in a while: heartbeat, and rejoin where it is told to.
  void live_on() {
    const auto why = beat();
    if (why == error_code::none) return;
    REQUIRE(why == error_code::rebalance_in_progress);
    REQUIRE(join().error == error_code::none);
    const auto synced = end_sync(begin_sync());
    REQUIRE((synced == error_code::none || synced == error_code::rebalance_in_progress));
  }
};

// A consumer of the new protocol.
struct new_client {
  group_world& w;
  std::string id;
  std::optional<std::string> instance;
  std::int32_t epoch = 0;
  owned_list owned;

  consumer_group_heartbeat_response beat(std::optional<std::int32_t> leaving = {}) {
    consumer_group_heartbeat_request r;
    r.group_id = "g";
    r.member_id = text(id);
    r.member_epoch = leaving.value_or(epoch);
    if (instance) r.instance_id = text(*instance);
    if (epoch == 0) {
      r.rebalance_timeout_ms = 60'000;
      r.subscribed_topic_names = {text("t")};
    }
    r.topic_partitions.emplace();
    for (const auto& [name, list] : owned) {
      auto& t = r.topic_partitions->emplace_back();
      t.topic_id = w.topics.known.at(name).id;
      t.partitions = {list.begin(), list.end()};
    }
    auto a = w.ask<consumer_group_heartbeat_response>(r, 1);
    if (a.error == error_code::none) epoch = a.member_epoch;
    if (!a.assignment) return a;
    owned.clear();
    for (const auto& t : a.assignment->topic_partitions) {
      owned[*w.topics.name_of(t.topic_id)] = {t.partitions.begin(), t.partitions.end()};
    }
    return a;
  }
};

struct migration {
  group_world w;

  explicit migration(std::int32_t partitions = 6, const group_settings& s = {}) : w(s) {
    w.topics.known["t"] = {{1, 1}, partitions};
  }
  // Who owns what; nobody has what another one has.
  static std::vector<std::int32_t> all(const std::vector<const owned_list*>& of) {
    std::vector<std::int32_t> out;
    for (const auto* o : of) {
      if (const auto at = o->find("t"); at != o->end()) {
        out.insert(out.end(), at->second.begin(), at->second.end());
      }
    }
    std::ranges::sort(out);
    REQUIRE(std::ranges::adjacent_find(out) == out.end());
    return out;
  }
};

// Two classic members with three partitions each.
void start_pair(migration& m, classic_client& a, classic_client& b) {
  for (auto* c : {&a, &b}) {
    if (c->instance) continue;
    CHECK(c->end_join(c->begin_join()).error == error_code::member_id_required);
  }
  const auto ja = a.begin_join();
  const auto jb = b.begin_join();
  m.w.pass(10'000);
  REQUIRE(a.end_join(ja).error == error_code::none);
  REQUIRE(b.end_join(jb).error == error_code::none);
  const auto sa = a.begin_sync({{a.id, {{"t", {0, 1, 2}}}}, {b.id, {{"t", {3, 4, 5}}}}});
  const auto sb = b.begin_sync({{a.id, {{"t", {0, 1, 2}}}}, {b.id, {{"t", {3, 4, 5}}}}});
  REQUIRE(a.end_sync(sa) == error_code::none);
  REQUIRE(b.end_sync(sb) == error_code::none);
}

const std::vector<std::int32_t> six{0, 1, 2, 3, 4, 5};

// Both rejoin a classic group; the first of them leads and shares out.
void classic_round(classic_client& a, classic_client& b) {
  const auto ja = a.begin_join();
  const auto jb = b.begin_join();
  REQUIRE(a.end_join(ja).error == error_code::none);
  REQUIRE(b.end_join(jb).error == error_code::none);
  const std::map<std::string, owned_list> shares{{a.id, {{"t", {0, 1, 2}}}},
                                                 {b.id, {{"t", {3, 4, 5}}}}};
  const auto sa = a.begin_sync(shares);
  const auto sb = b.begin_sync(shares);
  REQUIRE(a.end_sync(sa) == error_code::none);
  REQUIRE(b.end_sync(sb) == error_code::none);
}

TEST_CASE("a classic group becomes one of the consumer protocol, and classic again") {
  const bool cooperative = GENERATE(false, true);
  const bool crash = GENERATE(false, true);
  migration m;
  classic_client a{m.w, cooperative};
  classic_client b{m.w, cooperative};
  start_pair(m, a, b);
  new_client k{m.w, "k"};
  const auto joined = k.beat();
  REQUIRE(joined.error == error_code::none);
  CHECK(k.epoch > a.generation);
  CHECK(k.owned.empty());
  CHECK(a.beat() == error_code::rebalance_in_progress);

  for (int round = 0; round < 6; ++round) {
    if (round == 2 && crash) m.w.crash();
    a.live_on();
    m.all({&a.owned, &b.owned, &k.owned});
    b.live_on();
    m.all({&a.owned, &b.owned, &k.owned});
    k.beat();
    m.all({&a.owned, &b.owned, &k.owned});
    m.w.pass(3'000);
  }
  CHECK(m.all({&a.owned, &b.owned, &k.owned}) == six);
  for (const auto* o : {&a.owned, &b.owned, &k.owned}) CHECK(o->at("t").size() == 2);
  CHECK(a.beat() == error_code::none);
  CHECK(a.generation == k.epoch);

  // The last of the new protocol leaves.
  CHECK(k.beat(-1).error == error_code::none);
  CHECK(m.w.live->figures().classic_by_state.at("PreparingRebalance") == 1);
  if (crash) m.w.crash();
  if (!crash) CHECK(a.beat() == error_code::rebalance_in_progress);
  if (crash) {
    // That there is a rebalance is gone with the leader; but nobody goes on as if there were none.
    CHECK(a.beat() == error_code::illegal_generation);
  }
  classic_round(a, b);
  CHECK(m.all({&a.owned, &b.owned}) == six);
}

TEST_CASE("a group that is classic again shares out, though its leader is lost meanwhile") {
  migration m;
  classic_client a{m.w};
  classic_client b{m.w};
  start_pair(m, a, b);
  new_client k{m.w, "k"};
  for (int round = 0; round < 6; ++round) {
    k.beat();
    a.live_on();
    b.live_on();
    m.w.pass(3'000);
  }
  REQUIRE(k.owned.at("t").size() == 2);
  REQUIRE(k.beat(-1).error == error_code::none);
  const auto ja = a.begin_join();
  const auto jb = b.begin_join();
  REQUIRE(a.end_join(ja).error == error_code::none);
  REQUIRE(b.end_join(jb).error == error_code::none);
  m.w.crash();
  // What the record has is not what this generation was given: two partitions would be nobody's.
  for (auto* c : {&a, &b}) CHECK(c->end_sync(c->begin_sync()) == error_code::illegal_generation);
  classic_round(a, b);
  CHECK(m.all({&a.owned, &b.owned}) == six);
}

TEST_CASE("classic members that stay in a group of the consumer protocol get new partitions") {
  group_settings s;
  s.consumer.migration = migration_policy::upgrade;
  migration m(6, s);
  classic_client a{m.w};
  classic_client b{m.w};
  start_pair(m, a, b);
  new_client k{m.w, "k"};
  REQUIRE(k.beat().error == error_code::none);
  REQUIRE(k.beat(-1).error == error_code::none);
  const auto live = [&] {
    for (int round = 0; round < 4; ++round) {
      a.live_on();
      b.live_on();
      m.w.pass(3'000);
    }
  };
  live();
  CHECK(m.all({&a.owned, &b.owned}) == six);
  // They don't lead, so it is not for them to see it.
  m.w.topics.known["t"].partitions = 8;
  m.w.change_topics();
  live();
  CHECK(m.all({&a.owned, &b.owned}) == std::vector<std::int32_t>{0, 1, 2, 3, 4, 5, 6, 7});
  CHECK(a.beat() == error_code::none);
}

TEST_CASE("a member of the new protocol that is silent leaves a classic group behind") {
  migration m;
  classic_client a{m.w};
  classic_client b{m.w};
  start_pair(m, a, b);
  new_client k{m.w, "k"};
  k.beat();
  for (int i = 0; i < 16; ++i) {
    m.w.pass(3'000);
    if (!m.w.live->figures().classic_by_state.at("PreparingRebalance")) a.live_on(), b.live_on();
  }
  CHECK(m.w.live->figures().classic_by_state.at("PreparingRebalance") == 1);
  classic_round(a, b);
}

TEST_CASE("classic members in a group of the consumer protocol: what is refused") {
  migration m;
  new_client k{m.w, "k"};
  REQUIRE(k.beat().error == error_code::none);
  classic_client a{m.w};
  auto r = a.join_request();
  r.protocol_type = "connect";
  CHECK(m.w.ask<kafka::join_group_response>(r, 9).error == error_code::inconsistent_group_protocol);
  r = a.join_request();
  r.protocols.clear();
  CHECK(m.w.ask<kafka::join_group_response>(r, 9).error == error_code::inconsistent_group_protocol);
  r = a.join_request();
  r.protocols[0].metadata = bytes::copy("x");
  r.member_id = "a";
  CHECK(m.w.ask<kafka::join_group_response>(r, 9).error == error_code::inconsistent_group_protocol);
  r = a.join_request();
  r.session_timeout_ms = 1;
  CHECK(m.w.ask<kafka::join_group_response>(r, 9).error == error_code::invalid_session_timeout);
  REQUIRE(a.join().error == error_code::none);
  auto another = a.join_request();
  another.member_id = {};
  another.protocols[0].name = "sticky";
  CHECK(m.w.ask<kafka::join_group_response>(another, 9).error ==
        error_code::inconsistent_group_protocol);

  const auto generation = a.generation;
  a.generation = 77;
  CHECK(a.beat() == error_code::illegal_generation);
  CHECK(a.end_sync(a.begin_sync()) == error_code::illegal_generation);
  a.generation = generation;
  const auto id = a.id;
  a.id = "k";  // it speaks the other protocol
  a.generation = k.epoch;
  CHECK(a.beat() == error_code::unknown_member_id);
  CHECK(a.leave() == error_code::unknown_member_id);
  a.id = id;
  a.generation = generation;
  CHECK(a.leave() == error_code::none);
  CHECK(a.beat() == error_code::unknown_member_id);

  group_settings s = m.w.settings;
  s.consumer.migration = migration_policy::disabled;
  m.w.live->configure(s);
  CHECK(a.join().error == error_code::inconsistent_group_protocol);
}

TEST_CASE("a classic member that does not do what it must in time is put out") {
  migration m;
  new_client k{m.w, "k"};
  k.beat();
  classic_client a{m.w};
  REQUIRE(a.join().error == error_code::none);
  SECTION("it does not ask for its assignment") {
    for (int i = 0; i < 7; ++i) {
      m.w.pass(9'000);
      if (i < 6) CHECK(a.beat() != error_code::unknown_member_id);
      k.beat();
    }
  }
  SECTION("it does not join again") {
    m.w.pass(1'000);
    k.beat();
    CHECK(a.end_sync(a.begin_sync()) == error_code::rebalance_in_progress);
    for (int i = 0; i < 7; ++i) {
      m.w.pass(9'000);
      if (i < 6) CHECK(a.beat() == error_code::rebalance_in_progress);
      k.beat();
    }
  }
  SECTION("it is silent") {
    for (int i = 0; i < 5; ++i) {
      k.beat();
      m.w.pass(9'000);
    }
  }
  CHECK(a.beat() == error_code::unknown_member_id);
}

TEST_CASE("groups that can't become ones of the consumer protocol") {
  migration m;
  const auto refused = [&](std::string_view message) {
    new_client k{m.w, "k"};
    const auto a = k.beat();
    CHECK(a.error == error_code::group_id_not_found);
    REQUIRE(a.error_message);
    CHECK(a.error_message->view() == message);
  };
  SECTION("members of something else") {
    const auto t = m.w.send(join_of({.member_id = "", .type = "connect"}), 3);
    m.w.pass(3'000);
    CHECK(m.w.get<kafka::join_group_response>(t).error == error_code::none);
    refused(
        "Cannot upgrade classic group g to consumer group because the group does not use the "
        "consumer embedded protocol.");
  }
  SECTION("metadata that nobody can read") {
    const auto t = m.w.send(join_of({.protocols = {{"range", "x"}}}), 3);
    m.w.pass(3'000);
    CHECK(m.w.get<kafka::join_group_response>(t).error == error_code::none);
    refused(
        "Cannot upgrade classic group g to consumer group because the embedded consumer protocol "
        "is malformed.");
  }
  classic_client a{m.w};
  classic_client b{m.w};
  SECTION("it is disabled") {
    start_pair(m, a, b);
    auto s = m.w.settings;
    s.consumer.migration = GENERATE(migration_policy::disabled, migration_policy::downgrade);
    m.w.live->configure(s);
    refused("Cannot upgrade classic group g to consumer group because online upgrade is disabled.");
    CHECK(a.beat() == error_code::none);
  }
  SECTION("too many members") {
    start_pair(m, a, b);
    auto s = m.w.settings;
    s.consumer.members_max = 1;
    m.w.live->configure(s);
    refused(
        "Cannot upgrade classic group g to consumer group because the group size exceeds the "
        "consumer group maximum size.");
  }
  SECTION("not somebody who joins") {
    start_pair(m, a, b);
    new_client k{m.w, "k"};
    k.epoch = 4;
    const auto r = k.beat();
    CHECK(r.error == error_code::group_id_not_found);
    CHECK(r.error_message->view() == "Group g is not a consumer group.");
  }
}

TEST_CASE("groups without members become what the next one speaks") {
  migration m;
  m.w.settings.consumer.migration = migration_policy::disabled;
  m.w.live->configure(m.w.settings);
  classic_client a{m.w};
  classic_client b{m.w};
  start_pair(m, a, b);
  CHECK(a.leave() == error_code::none);
  CHECK(b.leave() == error_code::none);
  m.w.pass(60'000);
  new_client k{m.w, "k"};
  REQUIRE(k.beat().error == error_code::none);
  CHECK(k.owned.at("t") == six);
  CHECK(k.epoch == 1);
  CHECK(k.beat(-1).error == error_code::none);
  classic_client c{m.w};
  CHECK(c.join_request().member_id.empty());
  const auto first = c.end_join(c.begin_join());
  CHECK(first.error == error_code::member_id_required);
  const auto t = c.begin_join();
  m.w.pass(3'000);
  CHECK(c.end_join(t).error == error_code::none);
  CHECK(m.w.live->figures().consumer_by_state.at("Empty") == 0);
  m.w.crash();
}

TEST_CASE("a static member changes protocols and keeps what it had") {
  migration m;
  classic_client a{m.w};
  a.instance = "A";
  classic_client b{m.w};
  start_pair(m, a, b);
  new_client k{m.w, "k"};
  k.instance = "A";
  REQUIRE(k.beat().error == error_code::none);
  CHECK(m.w.live->figures().consumer_by_state.at("Reconciling") == 1);
  for (int i = 0; i < 4; ++i) {
    b.live_on();
    k.beat();
    m.w.pass(3'000);
  }
  CHECK(m.all({&b.owned, &k.owned}) == six);
  CHECK(a.beat() == error_code::fenced_instance_id);
  // And back: the group is classic then.
  REQUIRE(a.end_join(a.begin_join()).error == error_code::fenced_instance_id);
  a.id = {};
  const auto back = a.end_join(a.begin_join());
  CHECK(back.error == error_code::none);
  CHECK(m.w.live->figures().classic_by_state.at("PreparingRebalance") == 1);
}

TEST_CASE("offsets of groups of either kind") {
  migration m;
  classic_client a{m.w};
  classic_client b{m.w};
  start_pair(m, a, b);
  const auto commit = [&](const std::string& member, std::int32_t epoch, std::int32_t partition) {
    kafka::offset_commit_request r;
    r.group_id = "g";
    r.member_id = text(member);
    r.generation_id_or_member_epoch = epoch;
    auto& t = r.topics.emplace_back();
    t.name = "t";
    auto& p = t.partitions.emplace_back();
    p.partition_index = partition;
    p.committed_offset = 5;
    return m.w.ask<kafka::offset_commit_response>(r, 9).topics[0].partitions[0].error;
  };
  const auto fetch = [&](std::optional<std::string> member, std::int32_t epoch) {
    kafka::offset_fetch_request r;
    auto& g = r.groups.emplace_back();
    g.group_id = "g";
    if (member) g.member_id = text(*member);
    g.member_epoch = epoch;
    return m.w.ask<kafka::offset_fetch_response>(r, 9).groups[0].error;
  };
  CHECK(commit(a.id, a.generation, 0) == error_code::none);
  new_client k{m.w, "k"};
  REQUIRE(k.beat().error == error_code::none);
  CHECK(commit(a.id, a.generation, 0) == error_code::none);
  CHECK(commit(a.id, a.generation - 1, 0) == error_code::illegal_generation);
  CHECK(commit("k", k.epoch, 0) == error_code::none);
  CHECK(commit("k", k.epoch + 1, 0) == error_code::stale_member_epoch);
  CHECK(commit("x", k.epoch, 0) == error_code::unknown_member_id);
  CHECK(fetch({}, -1) == error_code::none);
  CHECK(fetch("k", k.epoch) == error_code::none);
  CHECK(fetch("k", k.epoch + 1) == error_code::stale_member_epoch);
  CHECK(fetch(a.id, a.generation + 1) == error_code::illegal_generation);

  kafka::offset_delete_request d;
  d.group_id = "g";
  d.topics.push_back({"t", {{0}}});
  CHECK(m.w.ask<kafka::offset_delete_response>(d, 0).topics[0].partitions[0].error ==
        error_code::group_subscribed_to_topic);
  kafka::delete_groups_request all;
  all.groups_names.push_back("g");
  CHECK(m.w.ask<kafka::delete_groups_response>(all, 2).results[0].error ==
        error_code::non_empty_group);
  kafka::list_groups_request list;
  const auto listed = m.w.ask<kafka::list_groups_response>(list, 5);
  REQUIRE(listed.groups.size() == 1);
  CHECK(listed.groups[0].group_type == "Consumer");
  CHECK(listed.groups[0].protocol_type == "consumer");
  kafka::describe_groups_request describe;
  describe.groups.push_back("g");
  const auto described = m.w.ask<kafka::describe_groups_response>(describe, 6);
  CHECK(described.groups[0].error == error_code::group_id_not_found);
  CHECK(*described.groups[0].error_message == "Group g is not a classic group.");
  CHECK(a.leave() == error_code::none);
  CHECK(b.leave() == error_code::none);
  k.beat(-1);
  CHECK(m.w.ask<kafka::delete_groups_response>(all, 2).results[0].error == error_code::none);
  CHECK(m.w.live->figures().offsets == 0);
  m.w.compact();
  m.w.crash();
}

TEST_CASE("offsets of an empty group of the consumer protocol expire, and it goes") {
  migration m;
  new_client k{m.w, "k"};
  k.beat();
  kafka::offset_commit_request r;
  r.group_id = "g";
  r.member_id = "k";
  r.generation_id_or_member_epoch = k.epoch;
  for (const auto* name : {"t", "u"}) {
    auto& t = r.topics.emplace_back();
    t.name = name;
    t.partitions.emplace_back().committed_offset = 5;
  }
  CHECK(m.w.ask<kafka::offset_commit_response>(r, 9).topics[0].partitions[0].error ==
        error_code::none);
  k.beat(-1);
  const auto week = m.w.settings.offsets_retention_ms;
  m.w.pass(week - 1'000'000);
  CHECK(m.w.live->figures().offsets == 2);
  m.w.pass(2'000'000);
  CHECK(m.w.live->figures().offsets == 0);
  CHECK(m.w.live->figures().consumer_by_state.at("Empty") == 0);
  m.w.compact();
  m.w.crash();
}

TEST_CASE("share groups in a coordinator, beside groups of other kinds") {
  migration m;
  kafka::share_group_heartbeat_request r;
  r.group_id = "s";
  r.member_id = "m";
  r.subscribed_topic_names = {text("t")};
  auto a = m.w.ask<kafka::share_group_heartbeat_response>(r, 1);
  REQUIRE(a.error == error_code::none);
  CHECK(a.member_epoch == 1);
  const auto asked = m.w.live->take_share_initializations();
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].group_id == "s");
  CHECK(asked[0].state_epoch == 1);
  CHECK(asked[0].partitions.size() == 6);
  std::size_t told = 0;
  const auto count = [&](const share_partition_view& p) {
    CHECK(p.group == "s");
    CHECK(p.topic == "t");
    ++told;
  };
  m.w.live->for_each_share_partition(count);
  CHECK(told == 0);  // no share coordinator knows of them yet
  m.w.accept(m.w.live->share_initialized("s", asked[0].partitions, m.w.now));
  m.w.crash();
  m.w.live->for_each_share_partition(count);
  CHECK(told == 6);
  m.w.pass(1'000);
  a = m.w.ask<kafka::share_group_heartbeat_response>(r, 1);
  REQUIRE(a.assignment);
  CHECK(a.assignment->topic_partitions[0].partitions.size() == 6);

  // Groups of other kinds have names of their own.
  consumer_group_heartbeat_request other;
  other.group_id = "s";
  other.member_id = "k";
  other.rebalance_timeout_ms = 1'000;
  other.subscribed_topic_names = {text("t")};
  other.topic_partitions.emplace();
  const auto refused = m.w.ask<consumer_group_heartbeat_response>(other, 1);
  CHECK(refused.error == error_code::group_id_not_found);
  CHECK(*refused.error_message == "Group s is not a consumer group.");
  CHECK(m.w.ask<kafka::join_group_response>(join_of({.group = "s"}), 9).error ==
        error_code::inconsistent_group_protocol);
  new_client k{m.w, "k"};
  REQUIRE(k.beat().error == error_code::none);
  r.group_id = "g";
  const auto no = m.w.ask<kafka::share_group_heartbeat_response>(r, 1);
  CHECK(no.error == error_code::group_id_not_found);
  CHECK(*no.error_message == "Group g is not a share group.");
  const auto planned = [&](share_wish wish) {
    return m.w.ask<share_plan>(share_plan_request{.group_id = "g", .wish = wish}, 0);
  };
  CHECK(planned(share_wish::place).error_message == "Group g is not a share group.");
  CHECK(planned(share_wish::forget_group).error == error_code::group_id_not_found);
  CHECK(planned(share_wish::tell).error == error_code::none);  // there is nothing to tell
  CHECK(planned(share_wish::tell).topics.empty());

  kafka::share_group_describe_request d;
  d.group_ids = {text("s"), text("g"), text("x")};
  const auto described = m.w.ask<kafka::share_group_describe_response>(d, 1);
  CHECK(described.groups[0].group_state == "Stable");
  CHECK(described.groups[0].assignor_name == "simple");
  CHECK(*described.groups[1].error_message == "Group g is not a share group.");
  CHECK(*described.groups[2].error_message == "Group x not found.");
  kafka::list_groups_request list;
  list.types_filter = {text("share")};
  const auto listed = m.w.ask<kafka::list_groups_response>(list, 5);
  REQUIRE(listed.groups.size() == 1);
  CHECK(listed.groups[0].protocol_type == "share");

  kafka::delete_groups_request all;
  all.groups_names.push_back("s");
  CHECK(m.w.ask<kafka::delete_groups_response>(all, 2).results[0].error ==
        error_code::non_empty_group);
  m.w.pass(45'000);
  CHECK(m.w.ask<kafka::delete_groups_response>(all, 2).results[0].error == error_code::none);
  m.w.compact();
  m.w.crash();
}

}  // namespace
}  // namespace weir::group
