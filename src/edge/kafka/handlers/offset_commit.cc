// OffsetCommit: how far a group has come. Topics have names, from version 10 on ids.
#include "core/codec/offset_commit.h"

#include <seastar/core/coroutine.hh>

#include "edge/kafka/ask_group.h"
#include "edge/kafka/handlers.h"

namespace weir::edge {
namespace {

using kafka::error_code;
using request_topic = kafka::offset_commit_request::topic;
using response_topic = kafka::offset_commit_response::topic;

constexpr std::int16_t by_id_since = 10;

void refuse(const request_topic& asked, std::int32_t partition, error_code why,
            response_topic& told) {
  told.name = asked.name;
  told.topic_id = asked.topic_id;
  auto& p = told.partitions.emplace_back();
  p.partition_index = partition;
  p.error = why;
}

// Takes out what does not exist here, and tells it in `out`; the rest has name and id.
void keep_existing(const catalog::state& known, bool by_id, kafka::offset_commit_request& in,
                   kafka::offset_commit_response& out) {
  decltype(in.topics) kept;
  for (auto& asked : in.topics) {
    const auto* t = by_id ? known.find(asked.topic_id) : known.find(asked.name.view());
    response_topic refused;
    decltype(asked.partitions) partitions;
    for (auto& p : asked.partitions) {
      if (!t) {
        refuse(asked, p.partition_index,
               by_id ? error_code::unknown_topic_id : error_code::unknown_topic_or_partition,
               refused);
      } else if (!known.find(partition_key{t->id, p.partition_index})) {
        refuse(asked, p.partition_index, error_code::unknown_topic_or_partition, refused);
      } else {
        partitions.push_back(std::move(p));
      }
    }
    if (!refused.partitions.empty()) out.topics.push_back(std::move(refused));
    if (partitions.empty()) continue;
    asked.name = text(t->name);
    asked.topic_id = t->id;
    asked.partitions = std::move(partitions);
    kept.push_back(std::move(asked));
  }
  in.topics = std::move(kept);
}

}  // namespace

seastar::future<answer> offset_commit(services& with, request r) {
  own_bytes(r);
  const bool by_id = r.header.version >= by_id_since;
  auto in = decode<kafka::offset_commit_request>(r);
  kafka::offset_commit_response out;
  const bool empty = in.topics.empty();
  keep_existing(with.state.catalog(), by_id, in, out);
  if (!in.topics.empty() || empty) {
    const auto group = in.group_id;
    auto got = co_await ask_coordinator(with, r, group.view(), std::move(in));
    kafka::offset_commit_request again;
    if (!got) {
      again = decode<kafka::offset_commit_request>(r);
      kafka::offset_commit_response ignored;
      keep_existing(with.state.catalog(), by_id, again, ignored);
    }
    auto told =
        taken<kafka::offset_commit_response>(std::move(got), std::move(again), r.header.version);
    for (auto& t : out.topics) told.topics.push_back(std::move(t));
    out = std::move(told);
  }
  for (const auto& t : out.topics) {
    for (const auto& p : t.partitions) with.meters.failed(p.error);
  }
  co_return encode(r, out);
}

}  // namespace weir::edge
