// TxnOffsetCommit: offsets that count once the producer's transaction commits (KIP-447).
#include "core/codec/txn_offset_commit.h"

#include <seastar/core/coroutine.hh>

#include "edge/kafka/ask_group.h"
#include "edge/kafka/handlers.h"

namespace weir::edge {
namespace {

using kafka::error_code;

// Takes out what does not exist here, and tells it in `out`.
void keep_existing(const catalog::state& known, kafka::txn_offset_commit_request& in,
                   kafka::txn_offset_commit_response& out) {
  decltype(in.topics) kept;
  for (auto& asked : in.topics) {
    const auto* t = known.find(asked.name.view());
    kafka::txn_offset_commit_response::topic refused;
    refused.name = asked.name;
    decltype(asked.partitions) partitions;
    for (auto& p : asked.partitions) {
      if (t && known.find(partition_key{t->id, p.partition_index})) {
        partitions.push_back(std::move(p));
        continue;
      }
      auto& told = refused.partitions.emplace_back();
      told.partition_index = p.partition_index;
      told.error = error_code::unknown_topic_or_partition;
    }
    if (!refused.partitions.empty()) out.topics.push_back(std::move(refused));
    if (partitions.empty()) continue;
    asked.partitions = std::move(partitions);
    kept.push_back(std::move(asked));
  }
  in.topics = std::move(kept);
}

}  // namespace

seastar::future<answer> txn_offset_commit(services& with, request r) {
  own_bytes(r);
  auto in = decode<kafka::txn_offset_commit_request>(r);
  kafka::txn_offset_commit_response out;
  keep_existing(with.state.catalog(), in, out);
  if (!in.topics.empty()) {
    const auto group = in.group_id;
    auto got = co_await ask_coordinator(with, r, group.view(), std::move(in));
    kafka::txn_offset_commit_request again;
    if (!got) {
      again = decode<kafka::txn_offset_commit_request>(r);
      kafka::txn_offset_commit_response ignored;
      keep_existing(with.state.catalog(), again, ignored);
    }
    auto told = taken<kafka::txn_offset_commit_response>(std::move(got), std::move(again),
                                                         r.header.version);
    for (auto& t : out.topics) told.topics.push_back(std::move(t));
    out = std::move(told);
  }
  for (const auto& t : out.topics) {
    for (const auto& p : t.partitions) with.meters.failed(p.error);
  }
  co_return encode(r, out);
}

}  // namespace weir::edge
