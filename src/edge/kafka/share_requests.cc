#include "edge/kafka/share_requests.h"

#include <seastar/core/coroutine.hh>

namespace weir::edge {

using kafka::error_code;

namespace {

// Of one connection. Clients have one.
constexpr std::size_t members_max = 10'000;

}  // namespace

error_code find_partition(const services& with, const partition_key& key) {
  const auto* topic = with.state.catalog().find(key.topic_id);
  if (!topic) return error_code::unknown_topic_id;
  const bool there = key.partition >= 0 && std::cmp_less(key.partition, topic->partitions.size());
  return there ? error_code::none : error_code::unknown_topic_or_partition;
}

seastar::future<share_reading::turn> take_turn(services& with, const request& r,
                                               share_reading::session_request session,
                                               bool fetches) {
  auto& members = r.client->share_members;
  const auto key = session.key;
  session.connection = r.client->connection;
  if (fetches && session.epoch == share::share_sessions::epoch_first) {
    if (members.size() >= members_max && !members.contains(key))
      co_return std::unexpected(error_code::share_session_limit_reached);
    // Before it is there: it may end at any time.
    members.insert(key);
  }
  auto turn = co_await (fetches ? with.shares.fetch(std::move(session))
                                : with.shares.acknowledge(std::move(session)));
  if (turn && turn->ended) members.erase(key);
  co_return turn;
}

seastar::future<> say_all(services& with, const share_reader& by, std::vector<share_said>& what) {
  std::vector<share_said> asked;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < what.size(); ++i) {
    auto& one = what[i];
    if (one.fault.code == error_code::none) one.fault.code = find_partition(with, one.key);
    if (one.fault.code != error_code::none) continue;
    places.push_back(i);
    asked.push_back(std::move(one));
  }
  if (!asked.empty()) co_await with.shares.say(by, asked);
  // Kafka has words only for a partition that is there, and that nobody fetched.
  for (auto& one : asked) {
    if (one.fault.code == error_code::unknown_topic_or_partition && one.fault.message.empty())
      one.fault.message = message_of(one.fault.code);
  }
  for (std::size_t i = 0; i < asked.size(); ++i) what[places[i]] = std::move(asked[i]);
  for (const auto& one : what) with.meters.failed(one.fault.code);
}

std::optional<text> message_of_fault(const share_fault& fault) {
  return fault.message.empty() ? std::nullopt : std::optional(text::unowned(fault.message));
}

}  // namespace weir::edge
