#include <algorithm>
#include <optional>
#include <random>

#include "core/group/streams_world_test.h"

namespace weir::group {
namespace {

using kafka::error_code;

task_set active(std::initializer_list<std::int32_t> partitions) {
  task_set out;
  out.add({task_role::active, text("0")}, partitions);
  return out;
}

streams_world world_with(std::int32_t partitions) {
  streams_world w;
  w.topics.set("in", partitions);
  return w;
}

// All beat with what they were told, until nothing changes.
struct crowd {
  streams_world& w;
  std::map<std::string, std::pair<std::int32_t, task_set>> members;

  void take(const std::string& id, const streams_world::response& a) {
    REQUIRE(a.error == error_code::none);
    auto& [epoch, owned] = members[id];
    epoch = a.member_epoch;
    if (a.active_tasks) owned = tasks_in(a);
  }
  void join(const std::string& id, bool stateful = false, const std::string& process = "") {
    take(id, w.beat(joining_streams(id, stateful, process)));
  }
  void settle() {
    for (int i = 0; i < 20; ++i) {
      std::size_t records = 0;
      for (auto& [id, m] : members) {
        take(id, w.beat(owning_streams(id, m.first, m.second)));
        records += w.last_records;
      }
      if (records == 0) return;
    }
    FAIL("does not settle");
  }
};

}  // namespace

TEST_CASE("a streams group begins with a delay in which others may join") {
  auto w = world_with(4);
  w.settings.initial_rebalance_delay_ms = 3'000;
  const auto first = w.beat(joining_streams("m1"));
  CHECK(first.error == error_code::none);
  CHECK(first.member_epoch == 1);
  CHECK(first.heartbeat_interval_ms == 5'000);
  CHECK(told(first).empty());
  CHECK(statuses(first) == "5");
  CHECK(w.state().epoch().epoch == 2);
  CHECK(w.described_state() == "Assigning");
  w.pass(1'000);
  CHECK(statuses(w.beat(joining_streams("m2"))) == "5");
  CHECK(told(w.beat(beating_streams("m1", 1))) == "-");
  w.pass(2'000);  // the coordinator's own time
  CHECK(w.state().target().epoch == 3);
  const auto given = w.beat(beating_streams("m1", 1));
  CHECK(given.member_epoch == 3);
  CHECK(told(given) == "0:0,2");
  CHECK(statuses(given).empty());
  CHECK(told(w.beat(beating_streams("m2", 1))) == "0:1,3");
  CHECK(w.described_state() == "Stable");
  // Emptied, it begins like that again, in the epoch of what was shared out last.
  w.beat(beating_streams("m1", -1));
  w.beat(beating_streams("m2", -1));
  CHECK(w.described_state() == "Empty");
  const auto again = w.beat(joining_streams("m3"));
  CHECK(again.member_epoch == 3);
  CHECK(statuses(again) == "5");
  w.pass(3'000);
  CHECK(told(w.beat(beating_streams("m3", 3))) == "0:0,1,2,3");
}

TEST_CASE("a task is given away only after its worker let it go") {
  auto w = world_with(4);
  CHECK(told(w.beat(joining_streams("m1"))) == "0:0,1,2,3");
  const auto second = w.beat(joining_streams("m2"));
  CHECK(second.member_epoch == 3);
  CHECK(told(second).empty());
  CHECK(w.described_state() == "Reconciling");
  const auto less = w.beat(beating_streams("m1", 2));
  CHECK(less.member_epoch == 2);
  CHECK(told(less) == "0:0,1");
  CHECK(told(w.beat(beating_streams("m2", 3))) == "-");
  CHECK(told(w.beat(owning_streams("m1", 2, active({0, 1, 2, 3})))) == "-");
  CHECK(told(w.beat(owning_streams("m1", 2, active({0, 1, 2})))) == "-");
  CHECK(told(w.beat(beating_streams("m2", 3))) == "-");
  w.reload();
  CHECK(told(w.beat(beating_streams("m2", 3))) == "-");
  const auto done = w.beat(owning_streams("m1", 2, active({0, 1})));
  CHECK(done.member_epoch == 3);
  CHECK(told(done) == "-");
  CHECK(told(w.beat(beating_streams("m2", 3))) == "0:2,3");
  CHECK(w.described_state() == "Stable");
}

TEST_CASE("who gives nothing up is ended, and who is silent") {
  auto w = world_with(2);
  w.beat(joining_streams("m1"));
  w.beat(joining_streams("m2"));
  w.beat(beating_streams("m1", 2));
  w.pass(4'999);
  CHECK(w.beat(beating_streams("m1", 2)).error == error_code::none);
  w.pass(1);
  CHECK(w.beat(beating_streams("m1", 2)).error == error_code::unknown_member_id);
  CHECK(told(w.beat(beating_streams("m2", 3))) == "0:0,1");
  w.pass(44'999);
  CHECK(w.group().stored().find(text("m2")));
  w.pass(1);
  CHECK(w.described_state() == "Empty");
  w.reload();
  CHECK(w.described_state() == "Empty");
}

TEST_CASE("a new leader gives members their whole time") {
  auto w = world_with(2);
  w.beat(joining_streams("m1"));
  w.pass(44'000);
  w.reload();
  w.pass(44'000);
  CHECK(w.beat(beating_streams("m1", 2)).error == error_code::none);
}

TEST_CASE("epochs fence members") {
  auto w = world_with(2);
  w.beat(joining_streams("m1"));
  CHECK(w.beat(beating_streams("m1", 3)).error == error_code::fenced_member_epoch);
  CHECK(w.beat(beating_streams("m1", 1)).error == error_code::fenced_member_epoch);
  CHECK(w.beat(beating_streams("m2", 2)).error == error_code::unknown_member_id);
  CHECK(w.beat(beating_streams("m2", -1)).error == error_code::unknown_member_id);
  auto other = beating_streams("m1", 2);
  other.group_id = text("other");
  CHECK(w.beat(other).error_message == "Streams group other not found.");
  other.member_epoch = -1;
  CHECK(w.beat(other).error_message == "Group other not found.");
  // An answer was lost: the epoch before is good with no more than what was given since.
  w.settings.standby_replicas = 1;
  CHECK(w.beat(beating_streams("m1", 2)).member_epoch == 3);
  CHECK(w.beat(beating_streams("m1", 2)).error == error_code::fenced_member_epoch);
  CHECK(w.beat(owning_streams("m1", 2, active({0}))).member_epoch == 3);
  // Who tells everything hears everything.
  auto full = owning_streams("m1", 3, active({}));
  full.rebalance_timeout_ms = 5'000;
  full.process_id = text("p-m1");
  CHECK(told(w.beat(full)) == "0:0,1");
  // Joining again, it has what it had.
  const auto again = w.beat(joining_streams("m1"));
  CHECK(again.member_epoch == 3);
  CHECK(told(again) == "0:0,1");
}

TEST_CASE("what a member says of itself may change, the topology not") {
  auto w = world_with(2);
  w.settings.assignment_interval_ms = 1'000;
  w.beat(joining_streams("m1"));
  auto r = beating_streams("m1", 2);
  r.rack_id = text("r1");
  r.client_tags.emplace().push_back({text("k"), text("v")});
  CHECK(statuses(w.beat(r)) == "5");
  CHECK(w.state().epoch().epoch == 3);
  w.pass(1'000);
  CHECK(w.beat(r).member_epoch == 3);
  CHECK(w.last_records == 2);  // target's epoch, member's epoch
  for (const auto epoch : {0, 1}) {
    auto changed = joining_streams(epoch == 0 ? "m1" : "m2");
    changed.topology->epoch = epoch;
    changed.topology->subtopologies[0].repartition_sink_topics.push_back(text("out"));
    CHECK(w.beat(changed).error_message == "Topology updates are not supported yet.");
  }
  w.settings.members_max = 1;
  CHECK(w.beat(joining_streams("m2")).error == error_code::group_max_size_reached);
  CHECK(w.beat(joining_streams("m1")).error == error_code::none);
}

TEST_CASE("a group waits for its topics") {
  streams_world w;
  const auto early = w.beat(joining_streams("m1", true));
  CHECK(statuses(early) == "1");
  CHECK(told(early).empty());
  CHECK(early.member_epoch == 2);
  CHECK(w.described_state() == "NotReady");
  CHECK(w.last_missing.empty());
  w.topics.set("in", 2);
  CHECK(statuses(w.beat(beating_streams("m1", 2))) == "1");  // nobody told that topics changed
  w.live->topics_changed();
  const auto half = w.beat(beating_streams("m1", 2));
  CHECK(statuses(half) == "3");
  REQUIRE(w.last_missing.size() == 1);
  CHECK(w.last_missing[0].name == "g-store");
  CHECK(w.last_missing[0].partitions == 2);
  w.beat(beating_streams("m1", half.member_epoch));
  CHECK(w.last_missing.empty());  // it was asked for just now
  w.live->topics_made(text("g"), {{text("g-store"), "no room"}, {text("other"), "no name"}});
  w.pass(5'000);
  const auto failed = w.beat(beating_streams("m1", half.member_epoch));
  CHECK(failed.status->front().status_detail ==
        "Internal topics are missing: g-store; Creation failed: g-store (no room).");
  CHECK(w.last_missing.size() == 1);
  w.topics.set("g-store", 2);
  w.live->topics_changed();
  CHECK(told(w.beat(beating_streams("m1", half.member_epoch))) == "0:0,1");
  CHECK(w.last_missing.empty());
  CHECK(w.described_state() == "Stable");
  // A source grows: so do the tasks; but its changelog does not fit any more.
  const auto epoch = w.state().epoch().epoch;
  w.topics.set("in", 3);
  w.live->topics_changed();
  const auto misfit = w.beat(beating_streams("m1", epoch));
  CHECK(statuses(misfit) == "2");
  CHECK(told(misfit).empty());
  CHECK(w.described_state() == "NotReady");
}

TEST_CASE("standbys follow the setting, and become workers by giving the copy up first") {
  auto w = world_with(4);
  w.topics.set("g-store", 4);
  crowd all{w, {}};
  all.join("m1", true);
  all.join("m2", true);
  all.settle();
  CHECK(tasks_text(all.members["m1"].second) == "0:0,1");
  w.settings.standby_replicas = 1;
  all.settle();
  CHECK(tasks_text(all.members["m1"].second) == "0:0,1 / 0:2,3");
  CHECK(tasks_text(all.members["m2"].second) == "0:2,3 / 0:0,1");
  CHECK(w.described_state() == "Stable");
  w.beat(beating_streams("m2", -1));
  all.members.erase("m2");
  const auto drop = w.beat(owning_streams("m1", all.members["m1"].first, all.members["m1"].second));
  CHECK(told(drop) == "0:0,1");
  all.take("m1", drop);
  all.settle();
  CHECK(tasks_text(all.members["m1"].second) == "0:0,1,2,3");
}

TEST_CASE("members of one process never have a task twice") {
  auto w = world_with(4);
  w.topics.set("g-store", 4);
  w.settings.standby_replicas = 1;
  crowd all{w, {}};
  all.join("m1", true, "p1");
  all.join("m2", true, "p1");
  all.join("m3", true, "p2");
  all.settle();  // the world looks after each step
  w.beat(beating_streams("m1", -1));
  all.members.erase("m1");
  all.settle();
  CHECK(w.described_state() == "Stable");
}

TEST_CASE("one member can stop the whole application") {
  auto w = world_with(2);
  w.beat(joining_streams("m1"));
  w.beat(joining_streams("m2"));
  auto stop = beating_streams("m1", 2);
  stop.shutdown_application = true;
  const auto a = w.beat(stop);
  CHECK(statuses(a) == "4");
  CHECK(a.status->front().status_detail ==
        "Streams group member m1 encountered a fatal error and requested a shutdown for the entire "
        "application.");
  CHECK(statuses(w.beat(beating_streams("m2", 3))) == "4");
  w.beat(beating_streams("m1", -1));
  CHECK(statuses(w.beat(beating_streams("m2", 3))) == "4");
  w.beat(beating_streams("m2", -1));
  CHECK(statuses(w.beat(joining_streams("m3"))).empty());
}

TEST_CASE("members hear of each other's endpoints as tasks move") {
  auto w = world_with(4);
  const auto with_endpoint = [](const std::string& id, std::uint16_t port) {
    auto r = joining_streams(id);
    streams_world::request::endpoint e;
    e.host = text("h");
    e.port = port;
    r.user_endpoint = e;
    return r;
  };
  const auto one = w.beat(with_endpoint("m1", 1));
  CHECK(one.endpoint_information_epoch == 0);
  REQUIRE(one.partitions_by_user_endpoint);
  CHECK(one.partitions_by_user_endpoint->front().active_partitions.front().partitions.size() == 4);
  const auto two = w.beat(with_endpoint("m2", 2));
  CHECK(two.endpoint_information_epoch == 1);
  CHECK(two.partitions_by_user_endpoint->size() == 2);
  auto r = beating_streams("m1", 2);
  r.endpoint_information_epoch = 1;
  const auto less = w.beat(r);
  CHECK(less.endpoint_information_epoch == 2);
  CHECK(less.partitions_by_user_endpoint->front().active_partitions.front().partitions.size() == 2);
  r.endpoint_information_epoch = 2;
  CHECK(!w.beat(r).partitions_by_user_endpoint);
}

TEST_CASE("nonsense is refused before it does anything") {
  auto w = world_with(2);
  const auto says = [&](auto change) {
    auto r = joining_streams("m1");
    change(r);
    const auto a = w.beat(r);
    CHECK(!w.live->find(text("g")));
    CHECK(a.error != error_code::none);
    return a.error_message ? a.error_message->str() : "";
  };
  using request = streams_world::request;
  CHECK(says([](request& r) { r.group_id = text(" "); }) == "GroupId can't be empty.");
  CHECK(says([](request& r) { r.member_id = text(); }) == "MemberId can't be empty.");
  CHECK(says([](request& r) { r.rack_id = text(); }) == "RackId can't be empty.");
  CHECK(says([](request& r) { r.instance_id = text("i"); }) ==
        "Static membership is not yet supported.");
  CHECK(says([](request& r) { r.member_epoch = -2, r.topology.reset(); }) ==
        "InstanceId can't be null.");
  CHECK(says([](request& r) { r.member_epoch = -3, r.topology.reset(); }) ==
        "MemberEpoch is -3, but must be greater than or equal to -2.");
  CHECK(says([](request& r) { r.rebalance_timeout_ms = -1; }) ==
        "RebalanceTimeoutMs must be provided in first request.");
  CHECK(says([](request& r) { r.topology.reset(); }) ==
        "Topology must be non-null when (re-)joining.");
  CHECK(says([](request& r) { r.active_tasks.reset(); }) ==
        "ActiveTasks must be empty when (re-)joining.");
  CHECK(says([](request& r) { r.warmup_tasks->emplace_back(); }) ==
        "WarmupTasks are not supported yet.");
  CHECK(says([](request& r) { r.task_offsets.emplace(); }) == "TaskOffsets are not supported yet.");
  CHECK(says([](request& r) { r.topology->subtopologies[0].source_topic_regex.push_back("x"); }) ==
        "Regular expressions for source topics are not supported yet.");
  CHECK(says([](request& r) {
          add_internal(r.topology->subtopologies[0].state_changelog_topics, "c", 3);
        }) == "Changelog topic c must have an undefined partition count, but it is set to 3.");
  CHECK(says([](request& r) { r.topology->subtopologies.push_back({}); }) ==
        "No source topics found for subtopology ");
  CHECK(says([](request& r) { r.topology->epoch = -1; }).empty());
  CHECK(says([](request& r) {
          r.topology->subtopologies[0].copartition_groups.push_back({{1}, {}, {}});
        }).empty());
  w.beat(joining_streams("m1"));
  auto r = owning_streams("m1", 2, active({2}));
  CHECK(w.beat(r).error_message ==
        "Task 2 for subtopology 0 is invalid. Number of tasks for this subtopology: 2");
  r.active_tasks->front().subtopology_id = text("9");
  CHECK(w.beat(r).error_message == "Subtopology 9 does not exist in the topology.");
  r.standby_tasks.reset();
  CHECK(w.beat(r).error_message == "If one task-type is non-null, all must be non-null.");
}

TEST_CASE("commits are those of who works on the task") {
  auto w = world_with(4);
  w.beat(joining_streams("m1"));
  w.beat(joining_streams("m2"));
  const auto commit = [&](const char* member, std::int32_t epoch, std::int32_t partition,
                          const char* topic = "in", std::int16_t version = 9, bool txn = false) {
    chunked_vector<kafka::offset_commit_request::topic> topics;
    auto& t = topics.emplace_back();
    t.name = text(topic);
    t.partitions.emplace_back().partition_index = partition;
    const auto ok = w.group().may_commit({text(member), epoch, version, txn}, topics);
    return ok ? error_code::none : ok.error().code;
  };
  CHECK(commit("m1", 2, 0) == error_code::none);
  CHECK(commit("m1", 2, 0, "elsewhere") == error_code::none);
  CHECK(commit("m1", 3, 0) == error_code::stale_member_epoch);
  CHECK(commit("m1", 1, 0) == error_code::stale_member_epoch);
  CHECK(commit("m1", -1, 0) == error_code::stale_member_epoch);
  CHECK(commit("m3", 2, 0) == error_code::unknown_member_id);
  CHECK(commit("", -1, 0) == error_code::unknown_member_id);
  CHECK(commit("", -1, 0, "in", 3, true) == error_code::none);
  CHECK(commit("m1", 2, 0, "in", 8) == error_code::unsupported_version);
  w.beat(beating_streams("m1", 2));
  w.beat(owning_streams("m1", 2, active({0, 1})));
  CHECK(w.state().find(text("m1"))->current.epoch == 3);
  CHECK(commit("m1", 2, 1) == error_code::none);  // its own since epoch 2
  CHECK(commit("m1", 2, 2) == error_code::stale_member_epoch);
  CHECK(commit("m1", 2, 1, "elsewhere") == error_code::stale_member_epoch);
  w.beat(beating_streams("m2", 3));
  CHECK(commit("m2", 2, 2) == error_code::stale_member_epoch);
  w.beat(beating_streams("m1", -1));
  w.beat(beating_streams("m2", -1));
  CHECK(commit("", -1, 0) == error_code::none);
  CHECK(commit("m1", 1, 0) == error_code::unknown_member_id);
}

TEST_CASE("a removed group leaves nothing in a compacted log") {
  auto w = world_with(4);
  w.beat(joining_streams("m1"));
  w.beat(beating_streams("m1", -1));
  output out(512 * 1024);
  w.live->remove(text("g"), w.now, out);
  w.take(out);
  std::map<std::string, bool> last;
  for (const auto& r : w.log) last[r.key.str()] = r.value.has_value();
  CHECK(std::ranges::none_of(last, [](const auto& one) { return one.second; }));
  w.reload();
  CHECK(w.live->all().empty());
}

TEST_CASE("members that come, go, are lost and found: a leader's fall changes nothing") {
  std::mt19937_64 rng(11);
  for (int round = 0; round < 40; ++round) {
    auto w = world_with(6);
    w.topics.set("g-store", 6);
    const auto below = [&](std::uint64_t n) { return static_cast<int>(rng() % n); };
    w.settings.standby_replicas = below(3);
    std::map<std::string, std::pair<std::int32_t, task_set>> members;
    const auto hear = [&](const std::string& id, const streams_world::response& a) {
      if (a.error != error_code::none) {
        members.erase(id);
        return;
      }
      members[id].first = a.member_epoch;
      if (a.active_tasks) members[id].second = tasks_in(a);
    };
    for (int step = 0; step < 120; ++step) {
      const auto id = fmt::format("m{}", below(5));
      const auto at = members.find(id);
      switch (below(12)) {
        case 0:
          w.reload();
          break;
        case 1:
          w.pass(below(9'000));
          break;
        case 2:
          if (at == members.end()) break;
          w.beat(beating_streams(id, -1));
          members.erase(id);
          break;
        default:
          if (at == members.end()) {
            hear(id, w.beat(joining_streams(id, true, fmt::format("p{}", id.back() % 3))));
          } else if (below(8) == 0) {
            w.beat(owning_streams(id, at->second.first, at->second.second));  // unheard
            members.erase(id);
          } else {
            hear(id, w.beat(owning_streams(id, at->second.first, at->second.second)));
          }
      }
    }
    // In the end all tasks have a worker.
    if (members.empty()) hear("m0", w.beat(joining_streams("m0", true, "p0")));
    w.pass(46'000);
    for (int i = 0; i < 30; ++i) {
      for (int m = 0; m < 5; ++m) {
        const auto id = fmt::format("m{}", m);
        const auto at = members.find(id);
        hear(id, at == members.end()
                     ? w.beat(joining_streams(id, true, fmt::format("p{}", id.back() % 3)))
                     : w.beat(owning_streams(id, at->second.first, at->second.second)));
      }
    }
    CHECK(w.described_state() == "Stable");
    std::size_t workers = 0;
    for (const auto& [id, m] : w.state().members()) {
      m.current.assigned.for_each(
          [&](const task& t, std::int32_t) { workers += t.of.role == task_role::active; });
    }
    CHECK(workers == 6);
  }
}

}  // namespace weir::group
