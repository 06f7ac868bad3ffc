// FindCoordinator: which broker answers for a group or a transactional id. Makes the topic that
// their state is kept in at first use.
#include "core/codec/find_coordinator.h"

#include <seastar/core/coroutine.hh>

#include <charconv>
#include <string>

#include "core/group/coordinator_partition.h"
#include "edge/kafka/brokers_up.h"
#include "edge/kafka/handlers.h"
#include "edge/kafka/services.h"
#include "engine/coordinator/internal_topics.h"

namespace weir::edge {
namespace {

using kafka::error_code;
using kafka::find_coordinator_request;
using kafka::find_coordinator_response;
using told_coordinator = find_coordinator_response::coordinator;

constexpr std::int8_t of_group = 0;
constexpr std::int8_t of_transaction = 1;
constexpr std::int8_t of_share_state = 2;
constexpr std::int16_t share_states_since = 6;
constexpr std::int16_t many_since = 4;
// A topic that was just created has leaders soon.
constexpr std::chrono::milliseconds leader_patience{2'000};
constexpr std::chrono::milliseconds look_again{20};

void refuse(told_coordinator& told, error_code why) {
  told.node_id = -1;
  told.host = text("");
  told.port = -1;
  told.error = why;
}

void tell(const cluster& state, const partition_key& key, told_coordinator& told) {
  const auto leader = state.leader_of(key).node;
  const auto* known = leader == catalog::no_node || !state.alive(leader)
                          ? nullptr
                          : state.catalog().find_broker(leader);
  const auto at = known ? address_of(*known) : std::nullopt;
  if (!at) return refuse(told, error_code::coordinator_not_available);
  told.node_id = leader.value();
  told.host = text(at->host);
  told.port = at->port;
}

seastar::future<> find(services& with, internal_topic which, told_coordinator& told) {
  const bool there = with.state.catalog().find(name_of(which)) != nullptr;
  const auto deadline = seastar::lowres_clock::now() + leader_patience;
  if (!there && !co_await make_internal_topic(with.state, which)) {
    refuse(told, error_code::coordinator_not_available);
    co_return;
  }
  while (true) {
    const auto* t = with.state.catalog().find(name_of(which));
    if (!t) {
      refuse(told, error_code::coordinator_not_available);
      co_return;
    }
    const auto count = static_cast<std::int32_t>(t->partitions.size());
    const partition_key key{t->id, group::coordinator_partition(told.key.view(), count)};
    told.error = error_code::none;
    tell(with.state, key, told);
    if (there || told.error == error_code::none || seastar::lowres_clock::now() > deadline)
      co_return;
    if (co_await with.background.stopped_within(look_again)) co_return;
  }
}

// "group:topic-id:partition"
bool names_share_state(std::string_view key) {
  const auto second = key.rfind(':');
  if (second == std::string_view::npos || second == 0) return false;
  const auto first = key.rfind(':', second - 1);
  if (first == std::string_view::npos || first == 0) return false;
  const auto number = key.substr(second + 1);
  std::int32_t partition = -1;
  const auto read = std::from_chars(number.data(), number.data() + number.size(), partition);
  return uuid::parse(key.substr(first + 1, second - first - 1)) && read.ec == std::errc() &&
         read.ptr == number.data() + number.size();
}

std::optional<internal_topic> topic_of(std::int8_t type, std::int16_t version,
                                       std::string_view key) {
  if (type == of_group) return internal_topic::offsets;
  if (type == of_transaction) return internal_topic::transactions;
  if (type == of_share_state && version >= share_states_since && names_share_state(key))
    return internal_topic::share_states;
  return std::nullopt;
}

seastar::future<find_coordinator_response> answer_all(services& with, const request& r,
                                                      find_coordinator_request in) {
  find_coordinator_response out;
  const bool many = r.header.version >= many_since;
  if (!many) in.coordinator_keys.push_back(std::move(in.key));
  for (auto& key : in.coordinator_keys) {
    told_coordinator told;
    told.key = std::move(key);
    const auto which = topic_of(in.key_type, r.header.version, told.key.view());
    if (which) {
      co_await find(with, *which, told);
    } else {
      refuse(told, error_code::invalid_request);
    }
    with.meters.failed(told.error);
    if (many) {
      out.coordinators.push_back(std::move(told));
      continue;
    }
    out.error = told.error;
    if (told.error != error_code::none)
      out.error_message = text(std::string(kafka::describe(told.error).message));
    out.node_id = told.node_id;
    out.host = std::move(told.host);
    out.port = told.port;
  }
  co_return out;
}

}  // namespace

seastar::future<answer> find_coordinator(services& with, request r) {
  return serve<find_coordinator_request, &answer_all>(with, std::move(r));
}

}  // namespace weir::edge
