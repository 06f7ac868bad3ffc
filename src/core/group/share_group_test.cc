#include <random>

#include "core/group/consumer_world_test.h"
#include "core/group/share_groups.h"

namespace weir::group {
namespace {

using kafka::error_code;
using request = kafka::share_group_heartbeat_request;
using response = kafka::share_group_heartbeat_response;

topic_partitions to_set(const std::optional<response::assignment_info>& from) {
  topic_partitions out;
  if (!from) return out;
  for (const auto& t : from->topic_partitions) out.add(t.topic_id, t.partitions);
  return out;
}

request joining_share(const std::string& member, std::initializer_list<const char*> names) {
  request r;
  r.group_id = "s";
  r.member_id = text(member);
  r.subscribed_topic_names.emplace();
  for (const auto* n : names) r.subscribed_topic_names->push_back(text(n));
  return r;
}
request beating_share(const std::string& member, std::int32_t epoch) {
  request r;
  r.group_id = "s";
  r.member_id = text(member);
  r.member_epoch = epoch;
  return r;
}

struct share_world {
  model_topics topics;
  share_settings settings{.assignment_interval_ms = 0};
  std::unique_ptr<share_groups> live = fresh();
  std::unique_ptr<share_groups> folded = fresh();
  std::vector<coordinator_record> log;
  moment now{.steady_ms = 1'000, .wall = timestamp(1'700'000'000'000)};
  std::size_t last_records = 0;
  static constexpr std::size_t batch_bytes_max = 512 * 1024;

  std::unique_ptr<share_groups> fresh() {
    return std::make_unique<share_groups>(
        [this](const text&) -> const share_settings& { return settings; }, topics);
  }
  template <typename F>
  auto step(F&& f) {
    output out(batch_bytes_max);
    auto answer = f(out);
    last_records = 0;
    for (const auto& batch : out.take().batches) {
      for (const auto& r : batch.records) {
        ++last_records;
        log.push_back(r);
        REQUIRE(folded->apply(r.key, r.value));
      }
    }
    REQUIRE(live->same_stored(*folded));
    return answer;
  }
  response beat(const request& r) {
    request_context context;
    context.api_version = 1;
    context.now = now;
    context.client_id = "client";
    context.client_host = "/127.0.0.1";
    return step([&](output& out) { return live->heartbeat(r, context, out); });
  }
  // The share coordinators do what they are asked.
  std::size_t initialize() {
    std::size_t n = 0;
    for (const auto& i : live->take_initializations()) {
      n += i.partitions.size();
      step([&](output& out) { return live->initialized(i.group_id, i.partitions, now, out), 0; });
    }
    return n;
  }
  void pass(std::int64_t ms) {
    now.steady_ms += ms;
    now.wall += ms;
    step([&](output& out) { return live->tick(now, 100, out), 0; });
  }
  void reload() {
    live = fresh();
    for (const auto& r : log) REQUIRE(live->apply(r.key, r.value));
    REQUIRE(live->same_stored(*folded));
    step([&](output& out) { return live->loaded(now, out), 0; });
  }
};

void is_refused(const response& r, error_code code, std::string_view message) {
  CHECK(r.error == code);
  REQUIRE(r.error_message);
  CHECK(r.error_message->view() == message);
}

TEST_CASE("share groups: partitions are given out once their state is known") {
  share_world w;
  const auto t = w.topics.set("t", 3);
  auto a = w.beat(joining_share("a", {"t"}));
  CHECK(a.error == error_code::none);
  CHECK(a.member_epoch == 1);
  CHECK(a.heartbeat_interval_ms == 5'000);
  CHECK(to_set(a.assignment).empty());
  CHECK(w.initialize() == 3);
  a = w.beat(beating_share("a", 1));
  CHECK(a.member_epoch == 2);
  CHECK(to_set(a.assignment).topics().at(t) == std::vector{0, 1, 2});
  CHECK(!w.beat(beating_share("a", 2)).assignment);
  CHECK(w.last_records == 0);

  SECTION("more members than partitions share them") {
    for (const auto* name : {"b", "c", "d", "e", "f", "g"}) w.beat(joining_share(name, {"t"}));
    std::map<std::int32_t, int> members;
    for (const auto& [id, m] : w.live->find("s")->stored().members()) {
      w.beat(beating_share(id.str(), m.current.epoch));
    }
    for (const auto& [id, m] : w.live->find("s")->stored().members()) {
      CHECK(m.current.assigned.size() == 1);
      m.current.assigned.for_each(
          [&](const partition_key& p, std::int32_t) { ++members[p.partition]; });
    }
    for (const auto& [p, n] : members) CHECK((n == 2 || n == 3));
    CHECK(members.size() == 3);
  }
  SECTION("a topic that grows") {
    w.topics.set("t", 5);
    w.live->topics_changed();
    w.beat(beating_share("a", 2));
    CHECK(w.initialize() == 2);
    const auto now = w.live->find("s")->stored().find("a")->current.epoch;
    CHECK(to_set(w.beat(beating_share("a", now)).assignment).size() == 5);
  }
  SECTION("a topic that goes") {
    w.topics.topics.erase("t");
    w.live->topics_changed();
    const std::vector<deleted_topic> gone{{"t", t}};
    w.step([&](output& out) { return w.live->topics_deleted(gone, w.now, out), 0; });
    a = w.beat(beating_share("a", 2));
    CHECK(a.assignment);
    CHECK(to_set(a.assignment).empty());
    CHECK(w.live->find("s")->partitions() == share_partitions());
  }
  SECTION("a new leader") {
    w.reload();
    CHECK(!w.beat(beating_share("a", 2)).assignment);
    CHECK(w.initialize() == 0);
  }
}

TEST_CASE("share groups: what nobody did is asked for again") {
  share_world w;
  w.topics.set("t", 3);
  w.beat(joining_share("a", {"t"}));
  CHECK(w.live->take_initializations().size() == 1);
  w.beat(beating_share("a", 1));
  CHECK(w.live->take_initializations().empty());
  SECTION("by the next leader") {
    w.reload();
  }
  SECTION("after a time") {
    w.pass(30'000);
  }
  w.beat(beating_share("a", 1));
  CHECK(w.initialize() == 3);
}

TEST_CASE("share groups: what is refused") {
  share_world w;
  w.topics.set("t", 1);
  const auto nameless = w.beat(joining_share("", {"t"}));
  CHECK(nameless.error == error_code::invalid_request);
  CHECK(!nameless.error_message);  // Kafka has no words for it
  is_refused(w.beat(joining_share("a", {})), error_code::invalid_request,
             "SubscribedTopicNames must be set in first request.");
  is_refused(w.beat(beating_share("a", -2)), error_code::invalid_request,
             "MemberEpoch is invalid.");
  is_refused(w.beat(beating_share("a", 1)), error_code::group_id_not_found,
             "Share group s not found.");
  is_refused(w.beat(beating_share("a", -1)), error_code::group_id_not_found, "Group s not found.");
  w.beat(joining_share("a", {"t"}));
  w.initialize();
  w.beat(beating_share("a", 1));
  is_refused(w.beat(beating_share("x", 1)), error_code::unknown_member_id,
             "Member x is not a member of group s.");
  is_refused(w.beat(beating_share("a", 3)), error_code::fenced_member_epoch,
             "The share group member has a greater member epoch (3) than the one known by the "
             "group coordinator (2). The member must abandon all its partitions and rejoin.");
  CHECK(w.beat(beating_share("a", 1)).member_epoch == 2);  // the answer may have been lost
  w.beat(joining_share("b", {"t"}));
  w.beat(beating_share("a", 2));
  is_refused(
      w.beat(beating_share("a", 1)), error_code::fenced_member_epoch,
      "The share group member has a smaller member epoch (1) than the one known by the group "
      "coordinator (3), and it does not match the previous member epoch (2). The member must "
      "abandon all its partitions and rejoin.");
  w.settings.members_max = 2;
  is_refused(w.beat(joining_share("c", {"t"})), error_code::group_max_size_reached,
             "The share group has reached its maximum capacity of 2 members.");
  CHECK(w.beat(beating_share("b", -1)).member_epoch == -1);
  w.pass(45'000);
  CHECK(w.live->find("s")->empty());
  w.step([&](output& out) { return w.live->remove("s", w.now, out), 0; });
  CHECK(!w.live->find("s"));
  std::map<std::string, bool> left;
  for (const auto& r : w.log) left[r.key.str()] = r.value.has_value();
  for (const auto& [key, has_value] : left) CHECK(!has_value);
}

TEST_CASE("share groups: everyone has something, every partition has somebody") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 r(seed);
    share_world w;
    const auto parts = static_cast<std::int32_t>(1 + r() % 6);
    w.topics.set("t", parts);
    std::set<std::string> members;
    for (int i = 0; i < 40; ++i) {
      const auto id = "m" + std::to_string(r() % 12);
      if (r() % 3 == 0 && members.contains(id)) {
        w.beat(beating_share(id, leaving_epoch));
        members.erase(id);
      } else {
        w.beat(joining_share(id, {"t"}));
        members.insert(id);
      }
      if (r() % 2) w.initialize();
      if (r() % 10 == 0) w.reload();
    }
    w.pass(30'000);
    for (int round = 0; round < 3; ++round) {
      for (const auto& id : members) w.beat(joining_share(id, {"t"}));
      w.initialize();
    }
    if (members.empty()) continue;
    std::map<std::int32_t, std::size_t> owners;
    std::size_t low = SIZE_MAX;
    std::size_t high = 0;
    for (const auto& [id, m] : w.live->find("s")->stored().members()) {
      m.current.assigned.for_each(
          [&](const partition_key& p, std::int32_t) { ++owners[p.partition]; });
      low = std::min(low, m.current.assigned.size());
      high = std::max(high, m.current.assigned.size());
    }
    REQUIRE(owners.size() == static_cast<std::size_t>(parts));
    REQUIRE(low >= 1);
    REQUIRE(high <= low + 1);
  }
}

share_plan planned(share_world& w, const share_plan_request& r) {
  return w.step([&](output& out) { return w.live->plan(r, w.now, out); });
}

TEST_CASE("share groups: a group is put somewhere while nobody is in it") {
  share_world w;
  const auto t = w.topics.set("t", 2);
  const share_plan_request there{
      .group_id = "s", .wish = share_wish::place, .topics = {{"t", {0, 7}}, {"absent", {0}}}};
  const auto first = planned(w, there);  // it is made
  CHECK(first.error == error_code::none);
  REQUIRE(first.topics.size() == 2);
  CHECK(first.topics[0].id == t);
  CHECK(first.topics[0].partitions == std::vector{0});
  CHECK(first.topics[1].error == error_code::unknown_topic_or_partition);
  topic_partitions done;
  done.add({t, 0});
  w.step([&](output& out) { return w.live->initialized("s", done, w.now, out), 0; });
  w.beat(joining_share("a", {"t"}));
  CHECK(w.initialize() == 1);  // the other one
  CHECK(planned(w, there).error == error_code::non_empty_group);
  const auto all = planned(w, {.group_id = "s"});
  REQUIRE(all.topics.size() == 1);
  CHECK(all.topics[0].partitions == std::vector{0, 1});
  auto bye = beating_share("a", -1);
  w.beat(bye);
  const auto epoch = planned(w, {.group_id = "s"}).state_epoch;
  CHECK(planned(w, there).state_epoch > epoch);  // who writes by the old one is refused
}

TEST_CASE("share groups: what is forgotten is not given out before it is gone") {
  share_world w;
  const auto t = w.topics.set("t", 2);
  CHECK(planned(w, {.group_id = "s", .wish = share_wish::forget_group}).error ==
        error_code::group_id_not_found);
  w.beat(joining_share("a", {"t"}));
  w.initialize();
  w.beat(beating_share("a", -1));
  const auto plan = planned(
      w, {.group_id = "s", .wish = share_wish::forget_topics, .topics = {{"t"}, {"absent"}}});
  REQUIRE(plan.topics.size() == 2);
  CHECK(plan.topics[0].partitions == std::vector{0, 1});
  CHECK(plan.topics[1].error == error_code::unknown_topic_or_partition);
  w.beat(joining_share("a", {"t"}));
  CHECK(w.live->take_initializations().empty());
  w.reload();
  // Nobody said that it is gone: it is asked for again.
  w.pass(w.settings.initialize_retry_ms);
  auto epoch = w.live->find("s")->stored().find("a")->current.epoch;
  w.beat(beating_share("a", epoch));
  const auto again = w.live->take_initializations();
  REQUIRE(again.size() == 1);
  CHECK(again[0].partitions.empty());
  CHECK(again[0].forgotten.topics().at(t) == std::vector{0, 1});
  w.step([&](output& out) { return w.live->forgotten("s", {&t, 1}, w.now, out), 0; });
  epoch = w.live->find("s")->stored().find("a")->current.epoch;
  w.beat(beating_share("a", epoch));
  CHECK(w.initialize() == 2);
  w.beat(beating_share("a", -1));
  CHECK(planned(w, {.group_id = "s", .wish = share_wish::forget_group}).topics.size() == 1);
  CHECK(w.live->memory_bytes() > 0);
  w.step([&](output& out) { return w.live->remove("s", w.now, out), 0; });
  CHECK(w.live->memory_bytes() == 0);
}

}  // namespace
}  // namespace weir::group
