#pragma once
// What ShareFetch and ShareAcknowledge have in common (KIP-932): sessions, acknowledgements, and
// how what came of them is told.
#include <optional>

#include "edge/kafka/leader_told.h"
#include "edge/kafka/request.h"
#include "edge/kafka/services.h"

namespace weir::edge {

inline constexpr std::int8_t renew_type = static_cast<std::int8_t>(share::acknowledge_type::renew);

// Why there is no such partition; none: there is.
kafka::error_code find_partition(const services& with, const partition_key& key);

// The session's turn of this request.
seastar::future<share_reading::turn> take_turn(services& with, const request& r,
                                               share_reading::session_request session,
                                               bool fetches);

// Acknowledges what a request's topics say and fills in what came of it, in the same order.
seastar::future<> say_all(services& with, const share_reader& by, std::vector<share_said>& what);

// As Kafka tells it; none where it has nothing to say.
std::optional<text> message_of_fault(const share_fault& fault);

// Acknowledgements as they came, each partition for itself. `renews`: the request may renew.
template <typename Topics>
std::vector<share_said> acknowledgements_of(const Topics& topics, bool renews) {
  std::vector<share_said> out;
  for (const auto& topic : topics) {
    for (const auto& p : topic.partitions) {
      if (p.acknowledgement_batches.empty()) continue;
      auto& to = out.emplace_back();
      to.key = {topic.topic_id, p.partition_index};
      for (const auto& b : p.acknowledgement_batches) {
        to.ranges.push_back({offset(b.first_offset), offset(b.last_offset)});
        auto& types = to.types.emplace_back(b.acknowledge_types.begin(), b.acknowledge_types.end());
        const bool renewal = std::ranges::find(types, renew_type) != types.end();
        if (renewal && !renews) to.fault.code = kafka::error_code::invalid_request;
      }
    }
  }
  return out;
}

template <typename Topics>
std::vector<partition_key> partitions_of(const Topics& topics) {
  std::vector<partition_key> out;
  for (const auto& topic : topics) {
    for (const auto& p : topic.partitions) {
      if constexpr (requires { p.partition_index; }) {
        out.push_back({topic.topic_id, p.partition_index});
      } else {
        out.push_back({topic.topic_id, p});
      }
    }
  }
  return out;
}

}  // namespace weir::edge
