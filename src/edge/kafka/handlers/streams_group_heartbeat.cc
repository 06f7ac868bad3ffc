// StreamsGroupHeartbeat: all that members of streams applications say to their coordinator
// (KIP-1071).
#include "core/codec/streams_group_heartbeat.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "edge/kafka/ask_group.h"
#include "edge/kafka/handlers.h"
#include "edge/kafka/topic_names.h"
#include "engine/coordinator/internal_topics.h"

namespace weir::edge {
namespace {

using kafka::streams_group_heartbeat_request;
using kafka::streams_group_heartbeat_response;

std::set<std::string_view> topics_of(const streams_group_heartbeat_request::topology_info& from) {
  std::set<std::string_view> out;
  const auto add = [&](const auto& names) {
    for (const auto& t : names) {
      if constexpr (requires { t.name; }) {
        out.insert(t.name.view());
      } else {
        out.insert(t.view());
      }
    }
  };
  for (const auto& s : from.subtopologies) {
    add(s.source_topics);
    add(s.repartition_sink_topics);
    add(s.repartition_source_topics);
    add(s.state_changelog_topics);
  }
  return out;
}

// What is wrong with the topics of an application, whatever topics there are; nothing: all is well.
std::optional<std::string> topic_fault(const streams_group_heartbeat_request& in) {
  if (!in.topology) return std::nullopt;
  std::vector<std::string_view> internal, bad;
  for (const auto name : topics_of(*in.topology)) {
    if (is_internal_topic(name)) internal.push_back(name);
    if (topic_name_fault(name)) bad.push_back(name);
  }
  if (!internal.empty()) {
    return fmt::format("Use of Kafka internal topics {} in a Kafka Streams topology is prohibited.",
                       fmt::join(internal, ","));
  }
  if (!bad.empty()) {
    return fmt::format("Topic names {} are not valid topic names.", fmt::join(bad, ","));
  }
  return std::nullopt;
}

seastar::future<streams_group_heartbeat_response> beat(services& with, const request& r,
                                                       streams_group_heartbeat_request in) {
  if (auto fault = topic_fault(in)) {
    streams_group_heartbeat_response out;
    out.error = kafka::error_code::streams_invalid_topology;
    out.error_message = text(*std::move(fault));
    co_return out;
  }
  co_return co_await ask_as_it_came<streams_group_heartbeat_request,
                                    streams_group_heartbeat_response>(with, r, std::move(in));
}

}  // namespace

seastar::future<answer> streams_group_heartbeat(services& with, request r) {
  own_bytes(r);
  auto in = decode<streams_group_heartbeat_request>(r);
  const auto out = co_await beat(with, r, std::move(in));
  with.meters.failed(out.error);
  co_return encode(r, out);
}

}  // namespace weir::edge
