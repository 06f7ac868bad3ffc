// OffsetDelete: forgets offsets of topics that the group does not read now (KIP-496).
#include "core/codec/offset_delete.h"

#include <seastar/core/coroutine.hh>

#include <map>

#include "edge/kafka/ask_group.h"
#include "edge/kafka/handlers.h"

namespace weir::edge {
namespace {

using kafka::error_code;

// Takes out what does not exist here, and tells it in `out`.
void keep_existing(const catalog::state& known, kafka::offset_delete_request& in,
                   kafka::offset_delete_response& out) {
  decltype(in.topics) kept;
  for (auto& asked : in.topics) {
    const auto* t = known.find(asked.name.view());
    kafka::offset_delete_response::topic refused;
    decltype(asked.partitions) partitions;
    for (const auto& p : asked.partitions) {
      if (t && known.find(partition_key{t->id, p.partition_index}))
        partitions.push_back(p);
      else
        refused.partitions.push_back({p.partition_index, error_code::unknown_topic_or_partition});
    }
    if (!refused.partitions.empty()) {
      refused.name = asked.name;
      out.topics.push_back(std::move(refused));
    }
    if (partitions.empty()) continue;
    asked.partitions = std::move(partitions);
    kept.push_back(std::move(asked));
  }
  in.topics = std::move(kept);
}

// A topic of which other partitions are answered already has one place in the answer.
void add(chunked_vector<kafka::offset_delete_response::topic> refused,
         kafka::offset_delete_response& out) {
  std::map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < out.topics.size(); ++i) places.emplace(out.topics[i].name.str(), i);
  for (auto& t : refused) {
    const auto [at, fresh] = places.try_emplace(t.name.str(), out.topics.size());
    if (fresh) {
      out.topics.push_back(std::move(t));
    } else {
      for (const auto& p : t.partitions) out.topics[at->second].partitions.push_back(p);
    }
  }
}

}  // namespace

// The coordinator is asked even when nothing is left: it says whether there is such a group.
seastar::future<answer> offset_delete(services& with, request r) {
  own_bytes(r);
  auto in = decode<kafka::offset_delete_request>(r);
  kafka::offset_delete_response refused;
  keep_existing(with.state.catalog(), in, refused);
  auto out = co_await ask_as_it_came<kafka::offset_delete_request, kafka::offset_delete_response>(
      with, r, std::move(in));
  if (out.error == error_code::none) add(std::move(refused.topics), out);
  with.meters.failed(out.error);
  co_return encode(r, out);
}

}  // namespace weir::edge
