// DescribeTopicPartitions (KIP-966): metadata in pages, topics by name, so that no answer is larger
// than its limit.
#include <seastar/core/coroutine.hh>

#include <algorithm>
#include <set>

#include "core/codec/describe_topic_partitions.h"
#include "edge/kafka/authorized.h"
#include "edge/kafka/handlers.h"
#include "edge/kafka/partition_facts.h"
#include "edge/kafka/topic_names.h"
#include "engine/coordinator/internal_topics.h"

namespace weir::edge {
namespace {

using kafka::error_code;
using next_page = kafka::describe_topic_partitions_response::cursor;

struct page {
  std::string topic;
  std::int32_t from = 0;
  std::int32_t to = 0;  // exclusive
};

// No page begins where the cursor is.
void refuse_all(const kafka::describe_topic_partitions_request& in,
                kafka::describe_topic_partitions_response& out) {
  for (const auto& asked : in.topics) {
    auto& told = out.topics.emplace_back();
    told.name = asked.name;
    told.error = error_code::invalid_request;
  }
}

seastar::future<kafka::describe_topic_partitions_response> tell(
    services& with, const request&, kafka::describe_topic_partitions_request in) {
  kafka::describe_topic_partitions_response out;
  std::set<std::string, std::less<>> names;
  for (const auto& t : in.topics) names.emplace(t.name.view());
  if (names.empty()) {
    for (const auto& [name, t] : with.state.catalog().topics()) names.insert(name);
  }
  if (in.cursor) {
    const bool listed = in.topics.empty() || names.contains(in.cursor->topic_name.view());
    if (in.cursor->partition_index < 0 || !listed) {
      refuse_all(in, out);
      with.meters.failed(error_code::invalid_request);
      co_return out;
    }
    names.erase(names.begin(), names.lower_bound(in.cursor->topic_name.view()));
  }
  auto left = std::clamp(in.response_partition_limit, 1,
                         with.state.options().topics_described_partitions_max);
  std::vector<page> pages;
  std::vector<partition_key> keys;
  for (const auto& name : names) {
    if (left == 0) {
      out.next_cursor = next_page{};
      out.next_cursor->topic_name = text(name);
      break;
    }
    page p{.topic = name};
    if (in.cursor && name == in.cursor->topic_name.view()) p.from = in.cursor->partition_index;
    if (const auto* t = with.state.catalog().find(name)) {
      const auto count = static_cast<std::int32_t>(t->partitions.size());
      p.from = std::min(p.from, count);
      p.to = std::min(count, p.from + left);
      left -= p.to - p.from;
      for (auto i = p.from; i < p.to; ++i) keys.push_back({t->id, i});
      if (p.to < count) {
        out.next_cursor = next_page{};
        out.next_cursor->topic_name = text(name);
        out.next_cursor->partition_index = p.to;
      }
    }
    pages.push_back(std::move(p));
    if (out.next_cursor) break;
  }
  const auto broken = co_await find_broken(with, std::move(keys));
  for (const auto& p : pages) {
    auto& told = out.topics.emplace_back();
    told.name = text(p.topic);
    const auto* t = with.state.catalog().find(p.topic);
    if (!t) {
      told.topic_authorized_operations = topic_operations;
      told.error = topic_name_fault(p.topic) ? error_code::invalid_topic_exception
                                             : error_code::unknown_topic_or_partition;
      with.meters.failed(told.error);
      continue;
    }
    told.topic_id = t->id;
    told.is_internal = is_internal_topic(p.topic);
    told.topic_authorized_operations = topic_operations;
    // It may have been deleted and made again with fewer partitions meanwhile.
    const auto to = std::min(p.to, static_cast<std::int32_t>(t->partitions.size()));
    for (auto i = p.from; i < to; ++i) {
      auto& partition = told.partitions.emplace_back();
      partition.partition_index = i;
      describe_partition(with.state, *t, broken, partition);
      if (partition.leader_id >= 0) {
        partition.eligible_leader_replicas.emplace();
        partition.last_known_elr.emplace();
      }
    }
  }
  co_return out;
}

}  // namespace

seastar::future<answer> describe_topic_partitions(services& with, request r) {
  return serve<kafka::describe_topic_partitions_request, &tell>(with, std::move(r));
}

}  // namespace weir::edge
