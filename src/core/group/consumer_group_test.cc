#include "core/group/consumer_group.h"

#include "core/group/consumer_world_test.h"

namespace weir::group {
namespace {

using kafka::error_code;

std::int32_t epoch_of(const consumer_world::response& r) {
  REQUIRE(r.error == error_code::none);
  return r.member_epoch;
}

void is_refused(const consumer_world::response& r, error_code code, std::string_view message) {
  CHECK(r.error == code);
  REQUIRE(r.error_message);
  CHECK(r.error_message->view() == message);
  CHECK(!r.member_id);
  CHECK(!r.assignment);
}

TEST_CASE("the first member gets everything at once") {
  consumer_world w;
  const auto id = w.topics.set("orders", 3);
  const auto r = w.beat(joining("m", {"orders", "unknown"}));
  CHECK(epoch_of(r) == 1);
  CHECK(*r.member_id == "m");
  CHECK(r.heartbeat_interval_ms == 5'000);
  CHECK(to_set(r.assignment).topics().at(id) == std::vector{0, 1, 2});
  CHECK(w.live->find("g")->state() == consumer_group_state::stable);
  // The group's epoch, the member, the topics; its target, the target's epoch, what it has.
  CHECK(w.last_records == 6);
  const auto again = w.beat(owning("m", 1, to_set(r.assignment)));
  CHECK(epoch_of(again) == 1);
  CHECK(!again.assignment);
  CHECK(w.last_records == 0);
}

TEST_CASE("a second member gets its part when the first has given it up") {
  consumer_world w;
  w.topics.set("t", 4);
  const auto all = to_set(w.beat(joining("a", {"t"})).assignment);
  w.pass(1'000);
  const auto b = w.beat(joining("b", {"t"}));
  CHECK(epoch_of(b) == 2);
  CHECK(to_set(b.assignment).empty());
  CHECK(w.live->find("g")->state() == consumer_group_state::reconciling);

  const auto less = w.beat(owning("a", 1, all));
  CHECK(epoch_of(less) == 1);
  const auto keeps = to_set(less.assignment);
  CHECK(keeps.size() == 2);
  CHECK(!w.beat(owning("b", 2)).assignment);
  CHECK(epoch_of(w.beat(owning("a", 1, keeps))) == 2);
  const auto gets = to_set(w.beat(owning("b", 2)).assignment);
  CHECK(gets.size() == 2);
  CHECK(!gets.intersects(keeps));
  CHECK(w.live->find("g")->state() == consumer_group_state::stable);
}

TEST_CASE("members that come together share one assignment") {
  consumer_world w;
  w.topics.set("t", 4);
  CHECK(epoch_of(w.beat(joining("a", {"t"}))) == 1);
  for (const auto* name : {"b", "c", "d"}) CHECK(epoch_of(w.beat(joining(name, {"t"}))) == 1);
  CHECK(w.state().epoch().epoch == 4);
  CHECK(w.live->find("g")->state() == consumer_group_state::assigning);
  w.pass(999);
  CHECK(epoch_of(w.beat(beating("b", 1))) == 1);
  w.pass(1);
  CHECK(epoch_of(w.beat(beating("b", 1))) == 4);
  CHECK(w.state().target().epoch == 4);

  SECTION("a clock that was set back does not stop assignments") {
    w.now.wall = timestamp(5);
    w.beat(joining("e", {"t"}));
    CHECK(w.state().target().epoch == 5);
  }
  SECTION("no interval, no waiting") {
    w.settings.assignment_interval_ms = 0;
    CHECK(epoch_of(w.beat(joining("e", {"t"}))) == 5);
  }
}

TEST_CASE("what a request must say in any state") {
  consumer_world w;
  const auto invalid = [&](const consumer_world::request& r, std::string_view message,
                           std::int16_t version = 1) {
    is_refused(w.beat(r, version), error_code::invalid_request, message);
    CHECK(!w.live->find("g"));
  };
  auto r = joining("m", {"t"});
  r.member_id = {};
  invalid(r, "MemberId can't be empty.");
  CHECK(w.beat(r, 0).member_id->view() == uuid{3, 2}.str());  // before version 1 it gets one
  w.live = w.fresh();
  w.folded = w.fresh();
  r = joining("m", {"t"});
  r.group_id = {};
  invalid(r, "GroupId can't be empty.");
  r = joining("m", {"t"});
  r.instance_id = text();
  invalid(r, "InstanceId can't be empty.");
  r = joining("m", {"t"});
  r.rack_id = text();
  invalid(r, "RackId can't be empty.");
  r = joining("m", {"t"});
  r.rebalance_timeout_ms = -1;
  invalid(r, "RebalanceTimeoutMs must be provided in first request.");
  r = joining("m", {"t"});
  r.topic_partitions.reset();
  invalid(r, "TopicPartitions must be empty when (re-)joining.");
  put_owned(r, [] {
    topic_partitions p;
    p.add({uuid{1, 1}, 0});
    return p;
  }());
  invalid(r, "TopicPartitions must be empty when (re-)joining.");
  r = joining("m", {"t"});
  r.subscribed_topic_names.reset();
  invalid(r,
          "Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when "
          "(re-)joining.");
  invalid(beating("m", -2), "InstanceId can't be null.");
  invalid(beating("m", -3), "MemberEpoch is invalid.");
  invalid(beating("", 3), "MemberId can't be empty.", 0);
  r = joining("m", {"t"});
  r.server_assignor = text("rack");
  is_refused(w.beat(r), error_code::unsupported_assignor,
             "ServerAssignor rack is not supported. Supported assignors: uniform, range.");
}

TEST_CASE("requests about groups and members that are not there") {
  consumer_world w;
  w.topics.set("t", 2);
  is_refused(w.beat(beating("m", 3)), error_code::group_id_not_found,
             "Consumer group g not found.");
  is_refused(w.beat(beating("m", -1)), error_code::group_id_not_found, "Group g not found.");
  w.beat(joining("m", {"t"}));
  is_refused(w.beat(beating("x", 1)), error_code::unknown_member_id,
             "Member x is not a member of group g.");
  is_refused(w.beat(beating("x", -1)), error_code::unknown_member_id,
             "Member x is not a member of group g.");
  w.settings.members_max = 1;
  is_refused(w.beat(joining("x", {"t"})), error_code::group_max_size_reached,
             "The consumer group has reached its maximum capacity of 1 members.");
  CHECK(epoch_of(w.beat(joining("m", {"t"}))) == 1);
}

TEST_CASE("epochs that are not the member's fence it") {
  consumer_world w;
  w.topics.set("t", 2);
  const auto all = to_set(w.beat(joining("a", {"t"})).assignment);
  w.pass(1'000);
  w.beat(joining("b", {"t"}));
  const auto keeps = to_set(w.beat(owning("a", 1, all)).assignment);
  CHECK(epoch_of(w.beat(owning("a", 1, keeps))) == 2);

  is_refused(w.beat(beating("a", 3)), error_code::fenced_member_epoch,
             "The consumer group member has a greater member epoch (3) than the one known by the "
             "group coordinator (2). The member must abandon all its partitions and rejoin.");
  const std::string_view smaller =
      "The consumer group member has a smaller member epoch (1) than the one known by the group "
      "coordinator (2). The member must abandon all its partitions and rejoin.";
  // The answer with the new epoch was lost: only who says what it has, and has no more, goes on.
  is_refused(w.beat(beating("a", 1)), error_code::fenced_member_epoch, smaller);
  is_refused(w.beat(owning("a", 1, all)), error_code::fenced_member_epoch, smaller);
  CHECK(epoch_of(w.beat(owning("a", 1, keeps))) == 2);
  // Joining again is always allowed, and tells everything.
  const auto again = w.beat(joining("a", {"t"}));
  CHECK(epoch_of(again) == 2);
  CHECK(to_set(again.assignment) == keeps);
}

TEST_CASE("a full request gets a full answer") {
  consumer_world w;
  w.topics.set("t", 2);
  const auto all = to_set(w.beat(joining("a", {"t"})).assignment);
  auto r = joining("a", {"t"});
  r.member_epoch = 1;
  put_owned(r, all);
  CHECK(to_set(w.beat(r).assignment) == all);
  CHECK(w.last_records == 0);
}

TEST_CASE("a member that leaves or is silent makes room") {
  consumer_world w;
  w.topics.set("t", 2);
  w.settings.assignment_interval_ms = 0;
  const auto all = to_set(w.beat(joining("a", {"t"})).assignment);
  w.beat(joining("b", {"t"}));
  const auto keeps = to_set(w.beat(owning("a", 1, all)).assignment);
  w.beat(owning("a", 1, keeps));
  CHECK(to_set(w.beat(owning("b", 2)).assignment).size() == 1);
  SECTION("it leaves") {
    const auto left = w.beat(beating("b", -1));
    CHECK(epoch_of(left) == -1);
    CHECK(*left.member_id == "b");
  }
  SECTION("it is silent") {
    w.pass(44'999);
    CHECK(w.state().members().size() == 2);
    w.beat(beating("a", 2));
    w.pass(1);
    CHECK(w.state().members().size() == 1);
  }
  CHECK(w.state().epoch().epoch == 3);
  const auto back = w.beat(owning("a", 2, keeps));
  CHECK(epoch_of(back) == 3);
  CHECK(to_set(back.assignment) == all);
  w.beat(beating("a", -1));
  CHECK(w.live->find("g")->state() == consumer_group_state::empty);
  CHECK(!w.live->next_deadline());
  // The empty group goes on counting.
  CHECK(epoch_of(w.beat(joining("c", {"t"}))) == 5);
  w.beat(beating("c", -1));
  output out(w.batch_bytes_max);
  w.live->remove("g", w.now, out);
  w.take(out);
  CHECK(!w.live->find("g"));
  w.compact();
  CHECK(w.log.empty());
}

TEST_CASE("who does not give up what it must in time is put out") {
  consumer_world w;
  w.topics.set("t", 2);
  w.settings.assignment_interval_ms = 0;
  const auto all = to_set(w.beat(joining("a", {"t"})).assignment);
  w.beat(joining("b", {"t"}));
  w.beat(owning("a", 1, all));
  w.pass(4'000);
  w.beat(owning("a", 1, all));  // lives, and is no faster for it
  SECTION("a new leader gives it the whole time again") {
    w.reload();
    w.pass(4'999);
    w.beat(beating("b", 2));
    CHECK(w.state().members().size() == 2);
  }
  w.pass(1'000);
  CHECK(w.state().members().size() == 1);
  CHECK(to_set(w.beat(owning("b", 2)).assignment) == all);
  is_refused(w.beat(owning("a", 1, all)), error_code::unknown_member_id,
             "Member a is not a member of group g.");
}

TEST_CASE("static members") {
  consumer_world w;
  w.topics.set("t", 2);
  w.settings.assignment_interval_ms = 0;
  auto join = joining("a1", {"t"});
  join.instance_id = text("A");
  const auto all = to_set(w.beat(join).assignment);
  auto other = join;
  other.member_id = text("a2");
  auto beat = [&](const char* member, std::int32_t epoch, const char* instance = "A") {
    auto r = beating(member, epoch);
    r.instance_id = text(instance);
    return w.beat(r);
  };
  is_refused(w.beat(other), error_code::unreleased_instance_id,
             "Static member a2 with instance id A cannot join the group because the instance id is "
             "owned by a1 member.");
  is_refused(beat("a2", 1), error_code::fenced_instance_id,
             "Static member a2 with instance id A was fenced by member a1.");
  is_refused(beat("a1", 1, "B"), error_code::unknown_member_id, "Instance id B is unknown.");
  is_refused(beat("a1", -2, "B"), error_code::unknown_member_id, "Instance id B is unknown.");
  is_refused(beat("a2", -2), error_code::fenced_instance_id,
             "Static member a2 with instance id A was fenced by member a1.");

  const auto left = beat("a1", -2);
  CHECK(epoch_of(left) == -2);
  CHECK(w.state().epoch().epoch == 1);
  SECTION("its successor takes over without a new assignment") {
    const auto back = w.beat(other);
    CHECK(epoch_of(back) == 1);
    CHECK(to_set(back.assignment) == all);
    CHECK(w.state().epoch().epoch == 1);
    CHECK(w.state().members().size() == 1);
    is_refused(beat("a1", 1), error_code::fenced_instance_id,
               "Static member a1 with instance id A was fenced by member a2.");
    CHECK(epoch_of(beat("a2", 1)) == 1);
  }
  SECTION("its successor wants something else") {
    const auto id = w.topics.set("u", 1);
    other.subscribed_topic_names = {text("u")};
    const auto back = w.beat(other);
    CHECK(epoch_of(back) == 2);
    CHECK(to_set(back.assignment).topics().size() == 1);
    CHECK(to_set(back.assignment).contains({id, 0}));
  }
  SECTION("it comes back itself") {
    const auto back = w.beat(join);
    CHECK(epoch_of(back) == 1);
    CHECK(to_set(back.assignment) == all);
  }
  SECTION("it does not come back") {
    CHECK(w.beat(joining("b", {"t"})).error == error_code::none);
    w.pass(44'000);
    w.beat(beating("b", 2));
    CHECK(w.state().members().size() == 2);
    CHECK(!w.state().find(text("b"))->current.assigned.contains_all(all));
    w.pass(2'000);
    CHECK(to_set(w.beat(owning("b", 2)).assignment) == all);
  }
  SECTION("it comes back after a change of leaders") {
    w.reload();
    CHECK(to_set(w.beat(other).assignment) == all);
  }
}

TEST_CASE("topics come, grow and go") {
  consumer_world w;
  w.settings.assignment_interval_ms = 0;
  const auto t = w.topics.set("t", 1);
  const auto one = to_set(w.beat(joining("a", {"t", "u"})).assignment);
  CHECK(one.size() == 1);
  const auto changed = [&](const topic_partitions& owned, std::int32_t epoch) {
    w.live->topics_changed();
    return w.beat(owning("a", epoch, owned));
  };
  CHECK(!changed(one, 1).assignment);  // nothing that it reads
  w.topics.set("x", 5);
  CHECK(!changed(one, 1).assignment);
  CHECK(w.state().epoch().epoch == 1);
  const auto u = w.topics.set("u", 2);
  auto r = changed(one, 1);
  CHECK(epoch_of(r) == 2);
  CHECK(to_set(r.assignment).size() == 3);
  w.topics.set("t", 3);
  r = changed(to_set(r.assignment), 2);
  CHECK(to_set(r.assignment).topics().at(t) == std::vector{0, 1, 2});
  w.topics.topics.erase("u");
  r = changed(to_set(r.assignment), 3);
  CHECK(!to_set(r.assignment).topics().contains(u));
  r = changed(to_set(r.assignment), 3);
  CHECK(epoch_of(r) == 4);
  CHECK(w.live->find("g")->state() == consumer_group_state::stable);
  // Another topic of the same name is another topic.
  w.topics.topics.erase("t");
  w.topics.set("t", 3);
  CHECK(to_set(changed({}, 4).assignment).size() == 3);
  CHECK(w.state().epoch().epoch == 5);
}

TEST_CASE("a member that changes its subscription gives up at once what it does not want") {
  consumer_world w;
  const auto t = w.topics.set("t", 1);
  const auto u = w.topics.set("u", 1);
  const auto both = to_set(w.beat(joining("a", {"t", "u"})).assignment);
  CHECK(both.size() == 2);
  auto r = owning("a", 1, both);
  r.subscribed_topic_names = {text("t"), text("v")};
  auto got = to_set(w.beat(r).assignment);
  CHECK(got.contains({t, 0}));
  CHECK(!got.contains({u, 0}));
  CHECK(w.state().epoch().epoch == 2);
  CHECK(w.state().target().epoch == 1);  // the interval
  w.pass(1'000);
  CHECK(epoch_of(w.beat(owning("a", 1, got))) == 2);
}

TEST_CASE("the assignor that most members ask for") {
  consumer_world w;
  const auto t = w.topics.set("t", 4);
  w.settings.assignment_interval_ms = 0;
  auto join = joining("a", {"t"});
  join.server_assignor = text("range");
  w.beat(join);
  w.beat(joining("b", {"t"}));
  CHECK(w.state().target_of(text("a"))->topics().at(t) == std::vector{0, 1});
  const auto d = w.live->find("g")->describe(w.settings, w.topics);
  CHECK(d.assignor_name == "range");
}

TEST_CASE("subscription by regular expression") {
  consumer_world w;
  w.settings.assignment_interval_ms = 0;
  w.topics.set("orders-eu", 1);
  w.topics.set("orders-us", 1);
  w.topics.set("old-orders-eu", 1);
  auto join = joining("a", {});
  join.subscribed_topic_names.reset();
  join.subscribed_topic_regex = text("orders-(eu");
  is_refused(w.beat(join), error_code::invalid_regular_expression,
             "SubscribedTopicRegex `orders-(eu` is not a valid regular expression: missing ): "
             "orders-(eu.");
  CHECK(!w.live->find("g"));
  join.subscribed_topic_regex = text("orders-.*");
  auto r = w.beat(join);
  CHECK(to_set(r.assignment).size() == 2);
  CHECK(w.state().resolved(text("orders-.*"))->topics.size() == 2);

  SECTION("a new topic that matches") {
    w.topics.set("orders-asia", 3);
    w.live->topics_changed();
    CHECK(!w.beat(beating("a", 1)).assignment);  // not more often than every ten seconds
    w.pass(10'000);
    r = w.beat(beating("a", 1));
    CHECK(epoch_of(r) == 2);
    CHECK(to_set(r.assignment).size() == 5);
  }
  SECTION("names beside it") {
    auto more = owning("a", 1, to_set(r.assignment));
    more.subscribed_topic_names = {text("old-orders-eu")};
    CHECK(to_set(w.beat(more).assignment).size() == 3);
  }
  SECTION("another one instead") {
    auto more = owning("a", 1, to_set(r.assignment));
    more.subscribed_topic_regex = text("old.*");
    r = w.beat(more);
    CHECK(to_set(r.assignment).empty());
    CHECK(w.state().regexes().size() == 1);
    r = w.beat(owning("a", 1));
    CHECK(epoch_of(r) == 2);
    CHECK(to_set(r.assignment).size() == 1);
    more = owning("a", 2, to_set(r.assignment));
    more.subscribed_topic_regex = text("");
    w.beat(more);
    CHECK(w.state().regexes().empty());
    CHECK(w.state().regexes_wanted().empty());
  }
  SECTION("two members use it, until the last leaves") {
    join.member_id = text("b");
    w.beat(join);
    w.beat(beating("a", -1));
    CHECK(w.state().regexes().size() == 1);
    w.beat(beating("b", -1));
    CHECK(w.state().regexes().empty());
  }
  SECTION("it is looked at again after a time") {
    const auto at = w.state().resolved(text("orders-.*"))->resolved_at;
    for (int i = 0; i < 20; ++i) {
      w.pass(30'000);
      w.beat(beating("a", 1));
    }
    CHECK(w.state().resolved(text("orders-.*"))->resolved_at == at + 600'000);
    CHECK(w.state().epoch().epoch == 1);
  }
}

TEST_CASE("describe") {
  consumer_world w;
  const auto t = w.topics.set("t", 2);
  auto join = joining("a", {"t"});
  join.rack_id = text("r1");
  join.instance_id = text("A");
  const auto all = to_set(w.beat(join).assignment);
  w.pass(1'000);
  w.beat(joining("b", {"t"}));
  kafka::consumer_group_describe_request ask;
  ask.group_ids = {text("g"), text("none")};
  const auto d = w.live->describe(ask);
  REQUIRE(d.groups.size() == 2);
  const auto& g = d.groups[0];
  CHECK(g.error == error_code::none);
  CHECK(g.group_state == "Reconciling");
  CHECK(g.group_epoch == 2);
  CHECK(g.assignment_epoch == 2);
  CHECK(g.assignor_name == "uniform");
  REQUIRE(g.members.size() == 2);
  const auto& a = g.members[0];
  CHECK(a.member_id == "a");
  CHECK(*a.instance_id == "A");
  CHECK(*a.rack_id == "r1");
  CHECK(a.member_epoch == 1);
  CHECK(a.client_id == "client");
  CHECK(a.client_host == "/127.0.0.1");
  CHECK(a.subscribed_topic_names == chunked_vector<text>{text("t")});
  CHECK(!a.subscribed_topic_regex);
  CHECK(a.member_type == 1);
  REQUIRE(a.assignment.topic_partitions.size() == 1);
  CHECK(a.assignment.topic_partitions[0].topic_id == t);
  CHECK(a.assignment.topic_partitions[0].topic_name == "t");
  CHECK(a.assignment.topic_partitions[0].partitions.size() == 2);
  CHECK(a.target_assignment.topic_partitions[0].partitions.size() == 1);
  CHECK(g.members[1].assignment.topic_partitions.empty());
  CHECK(d.groups[1].error == error_code::group_id_not_found);
  CHECK(*d.groups[1].error_message == "Group none not found.");
}

TEST_CASE("who may commit and fetch offsets") {
  consumer_world w;
  const auto t = w.topics.set("t", 2);
  w.settings.assignment_interval_ms = 0;
  const auto all = to_set(w.beat(joining("a", {"t"})).assignment);
  w.beat(joining("b", {"t"}));
  const auto keeps = to_set(w.beat(owning("a", 1, all)).assignment);
  CHECK(epoch_of(w.beat(owning("a", 1, keeps))) == 2);
  CHECK(to_set(w.beat(owning("b", 2)).assignment).size() == 1);
  const auto mine = keeps.topics().at(t).front();
  const auto its = 1 - mine;
  const auto& g = *w.live->find("g");
  const auto commit = [&](const char* member, std::int32_t epoch, std::int32_t partition,
                          std::int16_t version = 9) {
    const partition_key p{t, partition};
    const auto ok = g.may_commit({text(member), epoch, version}, {&p, 1}, w.topics);
    return ok ? group_error{} : ok.error();
  };
  CHECK(commit("a", 2, mine) == group_error{});
  CHECK(commit("a", 1, mine) == group_error{});  // it had it then, and has it still
  CHECK(commit("a", 2, mine, 8).code == error_code::unsupported_version);
  CHECK(commit("a", 3, mine) ==
        group_error{error_code::stale_member_epoch,
                    "Received member epoch 3 is newer than current member epoch 2."});
  CHECK(commit("a", 1, its) ==
        group_error{
            error_code::stale_member_epoch,
            fmt::format("Partition t-{} is not assigned or pending revocation for member.", its)});
  CHECK(commit("b", 1, its) ==
        group_error{error_code::stale_member_epoch,
                    fmt::format("Received member epoch 1 is older than assignment epoch 2 for "
                                "partition t-{}.",
                                its)});
  CHECK(commit("x", 1, its) ==
        group_error{error_code::unknown_member_id, "Member x is not a member of group g."});
  CHECK(commit("", -1, its).code == error_code::unknown_member_id);

  const auto fetch = [&](const char* member, std::int32_t epoch) {
    const auto ok = g.may_fetch({text(member), epoch});
    return ok ? group_error{} : ok.error();
  };
  CHECK(fetch("", -1) == group_error{});
  CHECK(fetch("a", 2) == group_error{});
  CHECK(fetch("a", 1) ==
        group_error{error_code::stale_member_epoch,
                    "The received member epoch 1 does not match the expected member epoch 2."});
  CHECK(fetch("x", 1).code == error_code::unknown_member_id);
  w.beat(beating("a", -1));
  w.beat(beating("b", -1));
  CHECK(commit("", -1, its) == group_error{});
  CHECK(g.is_subscribed(text("t")) == false);
}

TEST_CASE("records are Kafka's, byte for byte") {
  consumer_world w;
  w.topics.set("t", 1);
  w.topics.topics["t"].id = {1, 2};
  w.beat(joining("m", {"t"}));
  const auto hex = [](const fragments& f) {
    std::string out;
    for (const auto c : f.str()) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
    return out;
  };
  REQUIRE(w.log.size() == 6);
  CHECK(hex(w.log[0].key) ==
        "0003"
        "000167");
  CHECK(hex(*w.log[0].value) ==
        "0000"
        "00000001"
        "00");
  CHECK(hex(w.log[1].key) ==
        "0005"
        "000167"
        "00016d");
  CHECK(hex(*w.log[1].value) ==
        "0000"
        "00"
        "00"
        "07636c69656e74"
        "0b2f3132372e302e302e31"
        "02"
        "0274"
        "00"
        "00001388"
        "00"
        "00");
  CHECK(hex(w.log[2].key) ==
        "0003"
        "000167");
  CHECK(hex(*w.log[2].value)
            .starts_with("0000"
                         "00000001"
                         "01"
                         "00"
                         "08"));
  CHECK(hex(w.log[3].key) ==
        "0007"
        "000167"
        "00016d");
  CHECK(hex(*w.log[3].value) ==
        "0000"
        "02"
        "00000000000000010000000000000002"
        "02"
        "00000000"
        "00"
        "00");
  CHECK(hex(w.log[4].key) ==
        "0006"
        "000167");
  CHECK(hex(*w.log[4].value) ==
        "0000"
        "00000001"
        "01"
        "00"
        "08"
        "0000018bcfe56800");
  CHECK(hex(w.log[5].key) ==
        "0008"
        "000167"
        "00016d");
  CHECK(hex(*w.log[5].value) ==
        "0000"
        "00000001"
        "00000000"
        "00"
        "02"
        "00000000000000010000000000000002"
        "02"
        "00000000"
        "01"
        "00"
        "05"
        "02"
        "00000001"
        "01"
        "00");
}

}  // namespace
}  // namespace weir::group
