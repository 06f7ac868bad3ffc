// DescribeQuorum (KIP-595, KIP-836, KIP-853): who keeps the cluster's state, and how far each is.
// Any broker asks the leader. Offsets are indexes of group 0's log: it has no others that anybody
// could read at.
#include <seastar/core/coroutine.hh>

#include "core/codec/describe_quorum.h"
#include "edge/kafka/handlers.h"
#include "edge/kafka/services.h"

namespace weir::edge {
namespace {

using kafka::describe_quorum_request;
using kafka::describe_quorum_response;
using kafka::error_code;
using told_partition = describe_quorum_response::partition;

constexpr std::string_view metadata_topic = "__cluster_metadata";

void refuse(told_partition& told, error_code code) {
  told.error = code;
  told.error_message = text(std::string(kafka::describe(code).message));
}

bool asks_for_group0(const describe_quorum_request& in) {
  return in.topics.size() == 1 && in.topics.front().topic_name.view() == metadata_topic &&
         in.topics.front().partitions.size() == 1 &&
         in.topics.front().partitions.front().partition_index == 0;
}

void tell_state(const cluster& state, const peer::quorum_answer& quorum, told_partition& told) {
  told.leader_id = quorum.leader;
  told.leader_epoch = static_cast<std::int32_t>(quorum.term);
  told.high_watermark = quorum.commit + 1;
  for (const auto& r : quorum.replicas) {
    auto& s = (r.voter ? told.current_voters : told.observers).emplace_back();
    s.replica_id = r.node_id;
    if (const auto* known = state.catalog().find_broker(node_id(r.node_id)))
      s.replica_directory_id = known->directory;
    s.log_end_offset = r.match + 1;
    s.last_fetch_timestamp = r.heard_ms;
    s.last_caught_up_timestamp = r.caught_up_ms;
  }
}

// Kafka's own client takes no answer in which a listener's name has a small letter.
text in_capitals(std::string name) {
  for (auto& c : name) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text(std::move(name));
}

void tell_nodes(const cluster& state, const told_partition& told, describe_quorum_response& out) {
  for (const auto& voter : told.current_voters) {
    const auto* known = state.catalog().find_broker(node_id(voter.replica_id));
    if (!known) continue;
    auto& node = out.nodes.emplace_back();
    node.node_id = voter.replica_id;
    for (const auto& l : known->listeners) {
      auto& told_listener = node.listeners.emplace_back();
      told_listener.name = in_capitals(l.name);
      told_listener.host = text(l.at.host);
      told_listener.port = l.at.port;
    }
  }
}

seastar::future<describe_quorum_response> tell(services& with, const request& r,
                                               describe_quorum_request in) {
  describe_quorum_response out;
  const bool known = asks_for_group0(in);
  for (const auto& topic : in.topics) {
    auto& answered = out.topics.emplace_back();
    answered.topic_name = topic.topic_name;
    for (const auto& asked : topic.partitions) {
      auto& told = answered.partitions.emplace_back();
      told.partition_index = asked.partition_index;
      if (known) continue;
      refuse(told, error_code::unknown_topic_or_partition);
      with.meters.failed(told.error);
    }
  }
  if (!known) co_return out;
  auto& told = out.topics.front().partitions.front();
  const auto quorum = co_await with.state.quorum();
  if (quorum.leader < 0) {
    refuse(told, error_code::not_leader_or_follower);
    told.leader_id = with.state.controller().value();
    with.meters.failed(told.error);
    co_return out;
  }
  tell_state(with.state, quorum, told);
  if (r.header.version >= 2) tell_nodes(with.state, told, out);
  co_return out;
}

}  // namespace

seastar::future<answer> describe_quorum(services& with, request r) {
  return serve<kafka::describe_quorum_request, &tell>(with, std::move(r));
}

}  // namespace weir::edge
