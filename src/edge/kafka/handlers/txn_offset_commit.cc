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

constexpr std::int16_t version2_since = 5;
constexpr std::int16_t knows_abortable_since = 4;

// What the transaction's coordinator said, to a client that asked the group's.
error_code told_for(error_code said, std::int16_t version) {
  switch (said) {
    case error_code::coordinator_not_available:
    case error_code::not_coordinator:
    case error_code::concurrent_transactions:
      return error_code::coordinator_load_in_progress;  // that one is to be asked again, not
                                                        // another
    case error_code::transaction_abortable:
      return version >= knows_abortable_since ? said : error_code::invalid_txn_state;
    default:
      return said;
  }
}

// From version 5 on (KIP-890) the coordinator is told here that the transaction has this partition.
seastar::future<group_answer> ask(services& with, const request& r,
                                  kafka::txn_offset_commit_request in) {
  const auto partition = with.groups.partition_of(in.group_id.view());
  const auto* topic = with.groups.found();
  if (!partition || !topic || !with.transactions)
    co_return std::unexpected(error_code::not_coordinator);
  const partition_key key{topic->id, *partition};
  const bool version2 = r.header.version >= version2_since;
  const group::transaction_of whose{.producer = producer_id(in.producer_id),
                                    .epoch = producer_epoch(in.producer_epoch)};
  using begun = std::expected<std::optional<verification>, coordinator_error>;
  const auto verified =
      co_await with.groups.on(*partition, [whose, version2](groups_of_shard::shell& s) {
        return seastar::make_ready_future<begun>(s.begin_verification(whose, version2));
      });
  if (!verified) co_return std::unexpected(code_of(verified.error()));
  if (*verified) {
    const auto codes =
        co_await with.transactions->verify({.transactional_id = in.transactional_id.str(),
                                            .producer = whose.producer,
                                            .epoch = whose.epoch,
                                            .partitions = {key},
                                            .add = version2});
    if (codes.front() != error_code::none)
      co_return std::unexpected(told_for(codes.front(), r.header.version));
  }
  co_return co_await ask_coordinator(with, r, *partition, std::move(in), *verified);
}

}  // namespace

seastar::future<answer> txn_offset_commit(services& with, request r) {
  own_bytes(r);
  auto in = decode<kafka::txn_offset_commit_request>(r);
  kafka::txn_offset_commit_response out;
  keep_existing(with.state.catalog(), in, out);
  if (!in.topics.empty()) {
    auto got = co_await ask(with, r, std::move(in));
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
