#include <catch2/catch_all.hpp>

#include "core/telemetry/client_instances.h"
#include "core/telemetry/metric_board.h"
#include "core/telemetry/subscriptions.h"

namespace weir::telemetry {
namespace {

using namespace std::chrono_literals;

const uuid one{1, 2};
const uuid two{3, 4};

std::vector<match> matches(std::vector<std::string> texts) {
  auto all = parse_matches(texts);
  REQUIRE(all.has_value());
  return *std::move(all);
}

std::string fault(const std::string& text) {
  const std::string all[] = {text};
  const auto parsed = parse_matches(all);
  REQUIRE_FALSE(parsed.has_value());
  return parsed.error();
}

TEST_CASE("subscriptions that match a client go together") {
  std::vector<subscription> all;
  all.push_back({.metrics = {"b.", "a."}, .interval = 60s, .matches = {}});
  all.push_back({.metrics = {"c."},
                 .interval = 5s,
                 .matches = matches({"client_software_name=apache-.*", "client_source_port=9+"})});
  client c{.instance = one, .id = "me", .software_name = "apache-kafka-java", .source_port = 99};
  const auto both = view_of(all, c);
  CHECK(both.metrics == std::vector<std::string>{"a.", "b.", "c."});
  CHECK(both.interval == 5s);
  CHECK(view_of(all, c) == both);
  c.source_port = 98;
  const auto first = view_of(all, c);
  CHECK(first.metrics == std::vector<std::string>{"a.", "b."});
  CHECK(first.interval == 60s);
  CHECK(first.id != both.id);
  all.push_back({.metrics = {"*"}, .interval = 70s, .matches = matches({"client_id=me"})});
  CHECK(view_of(all, c).metrics == std::vector<std::string>{""});
  const auto none = view_of({}, c);
  CHECK(none.metrics.empty());
  CHECK(none.interval == interval_default);
}

TEST_CASE("matches that are none") {
  CHECK(fault("client_id") == "Illegal client matching pattern: client_id");
  CHECK(fault("colour=red") == "Illegal client matching pattern: colour=red");
  CHECK(fault("client_id=[") == "Illegal client matching pattern: client_id=[");
}

TEST_CASE("clients keep to their interval") {
  client_instances all(10);
  const view told{.metrics = {"a"}, .interval = 10s, .id = 7};
  CHECK(all.asked(one, told, 0s));
  CHECK(all.asked(one, told, 9s).error() == push_refusal::too_soon);
  CHECK(all.pushed(one, told, 7, false, 3s));  // the first one comes when it likes
  CHECK(all.pushed(one, told, 7, false, 12s).error() == push_refusal::too_soon);
  CHECK(all.pushed(one, told, 7, false, 13s));
  CHECK(all.asked(one, told, 14s).error() == push_refusal::too_soon);
  CHECK(all.asked(one, told, 23s));
  CHECK(all.pushed(one, told, 7, false, 24s));
  CHECK(all.pushed(one, told, 7, true, 25s));  // its last words
  CHECK(all.pushed(one, told, 7, true, 60s).error() == push_refusal::terminated);
  CHECK(all.pushed(two, told, 7, false, 60s));  // it asked another broker
}

TEST_CASE("a client hears of another subscription at once") {
  client_instances all(10);
  const view old{.metrics = {"a"}, .interval = 10s, .id = 7};
  const view changed{.metrics = {"b"}, .interval = 10s, .id = 8};
  CHECK(all.asked(one, old, 0s));
  CHECK(all.pushed(one, changed, 7, false, 1s).error() == push_refusal::unknown_subscription);
  CHECK(all.asked(one, changed, 2s));
  CHECK(all.pushed(one, changed, 8, false, 3s));
  CHECK(all.asked(one, changed, 4s).error() == push_refusal::too_soon);
  all.refused(one);
  CHECK(all.asked(one, changed, 4s));
}

TEST_CASE("clients are forgotten for others") {
  client_instances all(2);
  const view told{.metrics = {}, .interval = 10s, .id = 7};
  CHECK(all.asked(one, told, 0s));
  CHECK(all.asked(two, told, 0s));
  CHECK(all.asked(one, told, 1s).error() == push_refusal::too_soon);
  CHECK(all.asked(uuid{5, 6}, told, 1s));
  CHECK(all.size() == 2);
  CHECK(all.asked(one, told, 1s).error() == push_refusal::too_soon);
  CHECK(all.asked(two, told, 1s));
}

TEST_CASE("metrics are added up by name") {
  metric_board board(2);
  const auto window = metric_board::window;
  const metric rises{
      .name = "a", .kind = metric_kind::increase, .points = 2, .sum = 5, .largest = 3};
  CHECK(board.add(rises, 0ms)->increased == 5);
  CHECK(board.add(rises, 1ms)->increased == 10);
  const metric level{.name = "b", .kind = metric_kind::gauge, .points = 2, .sum = 8, .largest = 6};
  const auto* b = board.add(level, 0ms);
  CHECK(b->mean(1ms) == 4);
  CHECK(b->largest(1ms) == 6);
  const metric lower{.name = "b", .kind = metric_kind::gauge, .points = 2, .sum = 2, .largest = 1};
  board.add(lower, window);
  CHECK(b->mean(window) == 2.5);
  CHECK(b->largest(window) == 6);
  CHECK(b->mean(2 * window) == 1);
  CHECK(b->largest(3 * window) == 0);
  CHECK(b->pushes == 2);
}

TEST_CASE("there is room for so many names") {
  metric_board board(2);
  const auto named = [](const char* name) {
    return metric{.name = name, .kind = metric_kind::gauge, .points = 1, .sum = 1, .largest = 1};
  };
  const auto window = metric_board::window;
  CHECK(board.add(named("a"), 0ms));
  CHECK(board.add(named("b"), window));
  CHECK_FALSE(board.add(named("c"), window));
  CHECK(board.left_out() == 1);
  CHECK(board.take_forgotten().empty());
  CHECK(board.add(named("c"), 2 * window));  // nobody pushed "a" for two windows
  CHECK(board.take_forgotten() == "a");
  CHECK(board.size() == 2);
}

}  // namespace
}  // namespace weir::telemetry
