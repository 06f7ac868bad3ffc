#include "core/raft/configuration.h"

#include <catch2/catch_all.hpp>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

namespace weir::raft {
namespace {

std::vector<node_id> nodes(std::initializer_list<int> ids) {
  std::vector<node_id> out;
  for (const auto id : ids) out.emplace_back(id);
  return out;
}

bool agree(const configuration& c, std::set<int> yes) {
  return quorum_rule{}.agreed(c, [&](node_id n) { return yes.contains(n.value()); });
}

TEST_CASE("a joint configuration needs a majority of both sets") {
  const configuration plain{.voters = nodes({1, 2, 3})};
  CHECK(agree(plain, {1, 2}));
  CHECK_FALSE(agree(plain, {1}));
  CHECK_FALSE(agree(plain, {1, 4, 5}));
  const configuration joint{
      .voters = nodes({3, 4, 5}), .old_voters = nodes({1, 2, 3}), .learners = nodes({6})};
  CHECK_FALSE(agree(joint, {1, 2, 3}));
  CHECK_FALSE(agree(joint, {3, 4, 5}));
  CHECK_FALSE(agree(joint, {4, 5, 6, 1}));
  CHECK(agree(joint, {2, 3, 4}));
  CHECK_FALSE(agree({}, {1, 2, 3}));
  CHECK(agree({.voters = nodes({1, 2, 3, 4})}, {1, 2, 3}));
  CHECK_FALSE(agree({.voters = nodes({1, 2, 3, 4})}, {1, 2}));
}

TEST_CASE("the index that majorities have") {
  const auto at = [](node_id n) { return log_index(static_cast<std::uint64_t>(n.value()) * 10); };
  const quorum_rule rule;
  CHECK(rule.reached({.voters = nodes({1, 2, 3})}, at) == log_index(20));
  CHECK(rule.reached({.voters = nodes({1, 2, 3, 4})}, at) == log_index(20));
  CHECK(rule.reached({.voters = nodes({7, 8, 9}), .old_voters = nodes({1, 2, 3})}, at) ==
        log_index(20));
  CHECK(rule.reached({.voters = nodes({4}), .learners = nodes({9})}, at) == log_index(40));
  CHECK(rule.reached({}, at) == log_index(0));
}

TEST_CASE("members are of either set or learners") {
  const auto joint = normal(
      {.voters = nodes({5, 3, 3}), .old_voters = nodes({1, 3}), .learners = nodes({7, 5, 1})});
  CHECK(joint.voters == nodes({3, 5}));
  CHECK(joint.learners == nodes({1, 7}));
  CHECK(joint.members() == nodes({1, 3, 5, 7}));
  CHECK(joint.is_voter(node_id(1)));
  CHECK_FALSE(joint.is_learner(node_id(1)));
  CHECK(left_joint(joint).is_learner(node_id(1)));
  CHECK_FALSE(left_joint(joint).joint());
}

TEST_CASE("what truncation takes back and trimming keeps") {
  configuration_history all(
      {log_index(0), {.voters = nodes({1})}},
      {{log_index(4), {.voters = nodes({1, 2})}}, {log_index(9), {.voters = nodes({1, 2, 3})}}});
  CHECK(all.at(log_index(3)).voters == nodes({1}));
  CHECK(all.at(log_index(4)).voters == nodes({1, 2}));
  all.trim(log_index(5));
  CHECK(all.at(log_index(5)).voters == nodes({1, 2}));
  all.truncate_after(log_index(8));
  CHECK(all.latest().index == log_index(4));
  all.truncate_after(log_index(5));
  CHECK(all.latest().index == log_index(4));
}

TEST_CASE("the example of docs/formats/configuration.md") {
  const auto* source = std::getenv("WEIR_SOURCE");
  REQUIRE(source != nullptr);
  std::stringstream page;
  page << std::ifstream(std::string(source) + "/docs/formats/configuration.md").rdbuf();
  const auto text = page.str();
  const auto begin = text.find("```hex\n") + 7;
  std::stringstream hex(text.substr(begin, text.find("```", begin) - begin));
  std::string body;
  for (std::string byte; hex >> byte;) {
    body += static_cast<char>(std::stoi(byte, nullptr, 16));
  }
  const configuration c{
      .voters = nodes({1, 2, 5}), .old_voters = nodes({1, 2, 3}), .learners = nodes({9})};
  CHECK(encode(c) == body);
  CHECK(decode_configuration(body) == c);
  for (std::size_t cut = 0; cut < body.size(); ++cut) {
    CHECK_FALSE(decode_configuration(std::string_view(body).substr(0, cut)));
  }
  CHECK_FALSE(decode_configuration(body + "x"));
  auto newer = body;
  newer[0] = 2;
  CHECK(decode_configuration(newer).error() == configuration_error::newer_version);
  auto unsorted = body;
  std::swap(unsorted[4], unsorted[8]);
  CHECK(decode_configuration(unsorted).error() == configuration_error::malformed);
  CHECK_FALSE(decode_configuration(std::string_view("\1\0\0\0", 4)));
}

}  // namespace
}  // namespace weir::raft
