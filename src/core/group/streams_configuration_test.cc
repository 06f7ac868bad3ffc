#include "core/group/streams_world_test.h"

namespace weir::group {
namespace {

struct application {
  model_topics topics;
  streams_world::request r;

  std::expected<configured_topology, group_error> now() {
    return configured(topology_from(*r.topology), topics);
  }
  std::string trouble() {
    const auto c = now();
    REQUIRE(c);
    return c->trouble ? c->trouble->detail : "";
  }
};

}  // namespace

TEST_CASE("sources that are missing are named") {
  application a;
  add_subtopology(a.r, "0", {"b", "a"});
  CHECK(a.trouble() == "Source topics a, b are missing.");
  CHECK(a.now()->trouble->status == streams_status::missing_source_topics);
  add_subtopology(a.r, "1", {"c", "d", "e"});
  CHECK(a.trouble() == "Source topics a, b, c and 2 additional topics are missing.");
  for (const auto* name : {"a", "b", "c", "d"}) a.topics.set(name, 2);
  CHECK(a.trouble() == "Source topics e are missing.");
  a.topics.set("e", 3);
  CHECK(a.now()->is_ready());
  CHECK(a.now()->tasks == std::map<text, std::int32_t>{{text("0"), 2}, {text("1"), 3}});
}

TEST_CASE("internal topics follow from the sources") {
  application a;
  a.topics.set("in", 4);
  // A subtopology may be written ahead of the one that feeds it.
  auto& count = add_subtopology(a.r, "1", {});
  add_internal(count.repartition_source_topics, "g-again");
  auto& changelog = add_internal(count.state_changelog_topics, "g-store");
  changelog.topic_configs.push_back({text("cleanup.policy"), text("compact")});
  add_subtopology(a.r, "0", {"in"}).repartition_sink_topics.push_back(text("g-again"));

  const auto before = *a.now();
  CHECK(before.trouble->status == streams_status::missing_internal_topics);
  CHECK(before.trouble->detail == "Internal topics are missing: g-again, g-store");
  REQUIRE(before.missing.size() == 2);
  CHECK(before.missing[0].partitions == 4);
  CHECK(before.missing[1].partitions == 4);
  CHECK(before.missing[1].configs.front().first == "cleanup.policy");
  a.topics.set("g-again", 4);
  a.topics.set("g-store", 3);
  CHECK(a.trouble() ==
        "Existing topic g-store has different number of partitions: expected 4, found 3");
  CHECK(a.now()->missing.empty());
  a.topics.set("g-store", 4);
  CHECK(a.now()->is_ready());
  CHECK(a.now()->tasks.at(text("1")) == 4);
  CHECK(a.now()->internal.at(text("g-store")) == 4);
}

TEST_CASE("a repartition topic's own count is kept") {
  application a;
  a.topics.set("in", 4);
  add_subtopology(a.r, "0", {"in"}).repartition_sink_topics.push_back(text("g-again"));
  auto& s = add_subtopology(a.r, "1", {});
  add_internal(s.repartition_source_topics, "g-again", 7);
  add_internal(s.state_changelog_topics, "g-store");
  CHECK(a.now()->missing[0].partitions == 7);
  CHECK(a.now()->missing[1].partitions == 7);
}

TEST_CASE("a source that is its own changelog is not made") {
  application a;
  a.topics.set("in", 4);
  add_internal(add_subtopology(a.r, "0", {"in"}).state_changelog_topics, "in");
  CHECK(a.now()->is_ready());
}

TEST_CASE("what nobody writes, and loops, can't run") {
  application a;
  a.topics.set("in", 4);
  auto& first = add_subtopology(a.r, "0", {"in"});
  add_internal(first.repartition_source_topics, "g-again");
  const auto unwritten = a.now();
  REQUIRE(!unwritten);
  CHECK(unwritten.error().code == kafka::error_code::streams_invalid_topology);
  CHECK(unwritten.error().message.ends_with("is never used as a sink topic."));
  a.r.topology->subtopologies[0].repartition_sink_topics.push_back(text("g-again"));
  const auto loop = a.now();
  REQUIRE(!loop);
  CHECK(loop.error().message.ends_with(
      "There may be loops in the topology that cannot be resolved."));
  a.r.topology->subtopologies.clear();
  add_subtopology(a.r, "7", {});
  REQUIRE(!a.now());
  CHECK(a.now().error().message == "No source topics found for subtopology 7");
}

TEST_CASE("copartitioned sources have equally many partitions") {
  application a;
  a.topics.set("a", 4);
  a.topics.set("b", 2);
  auto& s = add_subtopology(a.r, "0", {"a", "b"});
  s.copartition_groups.push_back({{0, 1}, {}, {}});
  CHECK(a.trouble() == "Following topics do not have the same number of partitions: [{a=4, b=2}]");
  CHECK(a.now()->trouble->status == streams_status::incorrectly_partitioned_topics);
  a.topics.set("b", 4);
  CHECK(a.trouble().empty());
  // Data that is shared out anew follows the source that it is joined with, not its writer.
  a.topics.set("narrow", 2);
  add_subtopology(a.r, "1", {"narrow"}).repartition_sink_topics.push_back(text("g-again"));
  auto& joined = a.r.topology->subtopologies[0];
  add_internal(joined.repartition_source_topics, "g-again");
  joined.copartition_groups.push_back({{0}, {}, {0}});
  CHECK(a.now()->missing.at(0).partitions == 4);
  joined.repartition_source_topics[0].partitions = 3;
  CHECK(a.trouble() ==
        "Number of partitions [3] of repartition topic [g-again] doesn't match number of "
        "partitions [4] of the source topic.");
  joined.copartition_groups[1] = {{}, {}, {0}};
  CHECK(a.now()->missing.at(0).partitions == 3);
}

TEST_CASE("a chain of many subtopologies is looked at once") {
  application a;
  a.topics.set("in", 5);
  constexpr int length = 20'000;
  for (int i = length - 1; i >= 0; --i) {
    auto& s = add_subtopology(a.r, std::to_string(i).c_str(), {});
    s.subtopology_id = text(std::to_string(i));
    if (i == 0) s.source_topics.push_back(text("in"));
    if (i > 0) {
      auto& t = s.repartition_source_topics.emplace_back();
      t.name = text(fmt::format("r{}", i));
    }
    s.repartition_sink_topics.push_back(text(fmt::format("r{}", i + 1)));
  }
  const auto c = a.now();
  REQUIRE(c);
  CHECK(c->missing.size() == length - 1);
  CHECK(c->tasks.at(text(std::to_string(length - 1))) == 5);
}

TEST_CASE("a topology that no record can hold is refused") {
  streams_world w;
  w.topics.set("in", 1);
  auto r = joining_streams("m1");
  auto& s = r.topology->subtopologies[0];
  const std::string name(1'000, 'x');
  for (int i = 0; i < 1'000; ++i) s.repartition_sink_topics.push_back(text(name));
  CHECK(w.beat(r).error_message == "The topology is too large.");
  s.repartition_sink_topics.clear();
  CHECK(w.beat(r).error == kafka::error_code::none);
}

}  // namespace weir::group
