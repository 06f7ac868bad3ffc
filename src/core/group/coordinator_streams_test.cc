// Streams groups in a coordinator, beside groups of other kinds and offsets.
#include "core/group/group_world_test.h"
#include "core/group/streams_world_test.h"

namespace weir::group {
namespace {

using kafka::error_code;

struct kinds {
  group_world w;
  kinds() : w(settings()) { w.topics.known["in"] = {{7, 7}, 4}; }

  static group_settings settings() {
    group_settings s;
    s.streams.initial_rebalance_delay_ms = 0;
    return s;
  }
  auto stream(const streams_world::request& r) {
    return w.ask<kafka::streams_group_heartbeat_response>(r, 0);
  }
  auto list(const char* type = nullptr) {
    kafka::list_groups_request r;
    if (type) r.types_filter.push_back(text(type));
    return w.ask<kafka::list_groups_response>(r, 5);
  }
  auto commit(const char* member, std::int32_t epoch, std::int16_t version = 9) {
    kafka::offset_commit_request r;
    r.group_id = text("g");
    r.member_id = text(member);
    r.generation_id_or_member_epoch = epoch;
    auto& t = r.topics.emplace_back();
    t.name = text("in");
    t.partitions.emplace_back().committed_offset = 5;
    return w.ask<kafka::offset_commit_response>(r, version).topics[0].partitions[0].error;
  }
  auto fetch(std::optional<const char*> member, std::int32_t epoch) {
    kafka::offset_fetch_request r;
    auto& g = r.groups.emplace_back();
    g.group_id = text("g");
    if (member) g.member_id = text(*member);
    g.member_epoch = epoch;
    g.topics.reset();  // all
    return w.ask<kafka::offset_fetch_response>(r, 9).groups[0];
  }
  auto remove() {
    kafka::delete_groups_request r;
    r.groups_names.push_back(text("g"));
    return w.ask<kafka::delete_groups_response>(r, 2).results[0].error;
  }
  auto describe() {
    kafka::streams_group_describe_request r;
    r.group_ids.push_back(text("g"));
    return w.ask<kafka::streams_group_describe_response>(r, 0).groups[0];
  }
};

kafka::join_group_request classic_join(const char* member) {
  kafka::join_group_request r;
  r.group_id = text("g");
  r.member_id = text(member);
  r.session_timeout_ms = 10'000;
  r.rebalance_timeout_ms = 10'000;
  r.protocol_type = text("consumer");
  auto& p = r.protocols.emplace_back();
  p.name = text("range");
  return r;
}
kafka::consumer_group_heartbeat_request consumer_join() {
  kafka::consumer_group_heartbeat_request r;
  r.group_id = text("g");
  r.member_id = text("c");
  r.rebalance_timeout_ms = 10'000;
  r.topic_partitions.emplace();
  r.subscribed_topic_names.emplace();
  return r;
}

}  // namespace

TEST_CASE("a streams group is listed, described, committed to and deleted") {
  kinds k;
  CHECK(k.stream(joining_streams("m1")).member_epoch == 2);
  const auto all = k.list();
  REQUIRE(all.groups.size() == 1);
  CHECK(all.groups[0].protocol_type == "streams");
  CHECK(all.groups[0].group_type == "streams");
  CHECK(all.groups[0].group_state == "Stable");
  CHECK(k.list("Streams").groups.size() == 1);
  CHECK(k.list("share").groups.empty());
  const auto d = k.describe();
  CHECK(d.group_state == "Stable");
  CHECK(d.group_epoch == 2);
  CHECK(d.assignment_epoch == 2);
  CHECK(d.topology->subtopologies->front().source_topics.front() == "in");
  CHECK(d.members[0].process_id == "p-m1");
  CHECK(d.members[0].assignment.active_tasks.front().partitions.size() == 4);
  CHECK(d.members[0].assignment == d.members[0].target_assignment);

  CHECK(k.commit("m1", 2) == error_code::none);
  CHECK(k.commit("m1", 1) == error_code::stale_member_epoch);
  CHECK(k.commit("m1", 2, 8) == error_code::unsupported_version);
  CHECK(k.commit("m2", 2) == error_code::unknown_member_id);
  CHECK(k.fetch("m1", 2).topics[0].partitions[0].committed_offset == 5);
  CHECK(k.fetch(std::nullopt, -1).error == error_code::none);
  CHECK(k.fetch("m1", 1).error == error_code::stale_member_epoch);
  CHECK(k.fetch("", -1).error == error_code::unknown_member_id);
  kafka::txn_offset_commit_request txn;
  txn.group_id = text("g");
  txn.member_id = text("m1");
  txn.generation_id = 1;
  auto& t = txn.topics.emplace_back();
  t.name = text("in");
  t.partitions.emplace_back();
  const auto in_transaction = [&] {
    return k.w.ask<kafka::txn_offset_commit_response>(txn, 5).topics[0].partitions[0].error;
  };
  CHECK(in_transaction() == error_code::illegal_generation);
  txn.generation_id = 2;
  CHECK(in_transaction() == error_code::none);
  CHECK(k.remove() == error_code::non_empty_group);
  k.w.crash();
  CHECK(k.stream(beating_streams("m1", -1)).error == error_code::none);
  CHECK(k.describe().group_state == "Empty");
  CHECK(k.remove() == error_code::none);
  CHECK(k.describe().error_message == "Group g not found.");
  CHECK(k.fetch(std::nullopt, -1).topics.empty());
  k.w.crash();
  CHECK(k.list().groups.empty());
}

TEST_CASE("other protocols don't get into a streams group") {
  kinds k;
  k.stream(joining_streams("m1"));
  CHECK(k.w.ask<kafka::join_group_response>(classic_join(""), 9).error ==
        error_code::inconsistent_group_protocol);
  const auto consumer = k.w.ask<kafka::consumer_group_heartbeat_response>(consumer_join(), 1);
  CHECK(consumer.error_message == "Group g is not a consumer group.");
  kafka::share_group_heartbeat_request share;
  share.group_id = text("g");
  share.member_id = text("s");
  share.subscribed_topic_names.emplace().push_back(text("in"));
  CHECK(k.w.ask<kafka::share_group_heartbeat_response>(share, 1).error_message ==
        "Group g is not a share group.");
  kafka::leave_group_request leave;
  leave.group_id = text("g");
  leave.members.push_back({text("m1"), {}, {}});
  const auto left = k.w.ask<kafka::leave_group_response>(leave, 5);
  CHECK(left.error == error_code::none);
  CHECK(left.members[0].error == error_code::unknown_member_id);
  CHECK(k.w.ask<kafka::leave_group_response>(leave, 2).error == error_code::unknown_member_id);
  kafka::describe_groups_request d;
  d.groups.push_back(text("g"));
  CHECK(k.w.ask<kafka::describe_groups_response>(d, 6).groups[0].error_message ==
        "Group g is not a classic group.");
  kafka::consumer_group_describe_request cd;
  cd.group_ids.push_back(text("g"));
  CHECK(k.w.ask<kafka::consumer_group_describe_response>(cd, 0).groups[0].error_message ==
        "Group g is not a consumer group.");
  // Once it is empty, a classic member may have the name.
  k.commit("m1", 2);
  k.stream(beating_streams("m1", -1));
  CHECK(k.w.ask<kafka::consumer_group_heartbeat_response>(consumer_join(), 1).error ==
        error_code::group_id_not_found);
  CHECK(k.w.ask<kafka::join_group_response>(classic_join(""), 9).error ==
        error_code::member_id_required);
  CHECK(k.describe().error == error_code::group_id_not_found);
  CHECK(k.fetch(std::nullopt, -1).topics[0].partitions[0].committed_offset == 5);
  k.w.crash();
}

TEST_CASE("a streams group does not get into others, but for an empty classic one") {
  kinds k;
  CHECK(k.commit("", -1) == error_code::none);  // somebody's own offsets
  CHECK(k.stream(beating_streams("m1", 1)).error_message == "Group g is not a streams group.");
  CHECK(k.stream(joining_streams("m1")).error == error_code::none);
  CHECK(k.fetch(std::nullopt, -1).topics[0].partitions[0].committed_offset == 5);
  CHECK(k.list().groups.size() == 1);
  k.w.crash();
  CHECK(k.list().groups.size() == 1);
  k.stream(beating_streams("m1", -1));
  CHECK(k.remove() == error_code::none);
  k.w.ask<kafka::consumer_group_heartbeat_response>(consumer_join(), 1);
  CHECK(k.stream(joining_streams("m1")).error_message == "Group g is not a streams group.");
  CHECK(k.describe().error_message == "Group g is not a streams group.");
}

TEST_CASE("an empty streams group goes with its offsets") {
  kinds k;
  k.stream(joining_streams("m1"));
  k.commit("m1", 2);
  k.stream(beating_streams("m1", -1));
  k.w.pass(k.w.settings.offsets_retention_ms - 700'000);
  CHECK(k.list().groups.size() == 1);
  k.w.pass(1'400'000);
  CHECK(k.list().groups.empty());
  k.w.crash();
  CHECK(k.list().groups.empty());
}

TEST_CASE("the shell hears which topics an application needs") {
  kinds k;
  CHECK(statuses(k.stream(joining_streams("m1", true))) == "3");
  auto wanted = k.w.live->take_internal_topics();
  REQUIRE(wanted.size() == 1);
  CHECK(wanted[0].group_id == "g");
  CHECK(wanted[0].topics.at(0).name == "g-store");
  CHECK(wanted[0].topics.at(0).partitions == 4);
  CHECK(k.w.live->take_internal_topics().empty());
  k.w.live->internal_topics_made(text("g"), {{text("g-store"), "no room"}});
  CHECK(k.stream(beating_streams("m1", 2)).status->front().status_detail ==
        "Internal topics are missing: g-store; Creation failed: g-store (no room).");
  k.w.topics.known["g-store"] = {{7, 8}, 4};
  k.w.change_topics();
  k.w.pass(1'000);
  CHECK(told(k.stream(beating_streams("m1", 2))) == "0:0,1,2,3");
  k.w.topics.known.erase("in");
  k.w.delete_topic("in", {7, 7});
  k.w.pass(1'000);
  const auto gone = k.stream(beating_streams("m1", 3));
  CHECK(statuses(gone) == "1");
  CHECK(told(gone).empty());
}

}  // namespace weir::group
