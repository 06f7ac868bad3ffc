// OffsetFetch: how far groups have come. One group, from version 8 on several; topics have names,
// from version 10 on ids.
#include "core/codec/offset_fetch.h"

#include <seastar/core/coroutine.hh>

#include "edge/kafka/ask_group.h"
#include "edge/kafka/handlers.h"

namespace weir::edge {
namespace {

using kafka::error_code;
using kafka::offset_fetch_request;
using kafka::offset_fetch_response;

constexpr std::int16_t many_groups_since = 8;
constexpr std::int16_t by_id_since = 10;

// Takes out topics whose id nobody knows, and tells them in `out`; the rest has name and id.
void name_topics(const catalog::state& known, bool by_id, offset_fetch_request::group& in,
                 offset_fetch_response::group& out) {
  if (!in.topics) return;
  std::remove_cvref_t<decltype(*in.topics)> kept;
  for (auto& asked : *in.topics) {
    const auto* t = by_id ? known.find(asked.topic_id) : known.find(asked.name.view());
    if (by_id && !t) {
      auto& told = out.topics.emplace_back();
      told.topic_id = asked.topic_id;
      for (const auto index : asked.partition_indexes) {
        auto& p = told.partitions.emplace_back();
        p.partition_index = index;
        p.committed_offset = -1;
        p.error = error_code::unknown_topic_id;
      }
      continue;
    }
    if (t) {
      asked.name = text(t->name);
      asked.topic_id = t->id;
    }
    kept.push_back(std::move(asked));
  }
  in.topics = std::move(kept);
}

seastar::future<offset_fetch_response::group> fetch_one(services& with, const request& r,
                                                        offset_fetch_request::group asked,
                                                        bool stable) {
  const bool by_id = r.header.version >= by_id_since;
  offset_fetch_response::group out;
  out.group_id = asked.group_id;
  name_topics(with.state.catalog(), by_id, asked, out);
  offset_fetch_request one;
  one.require_stable = stable;
  one.groups.push_back(asked);
  auto got = co_await ask_coordinator(with, r, asked.group_id.view(), std::move(one));
  offset_fetch_request again;
  if (!got) again.groups.push_back(std::move(asked));
  auto whole = taken<offset_fetch_response>(std::move(got), std::move(again), r.header.version);
  if (whole.groups.empty()) co_return out;
  auto& told = whole.groups.front();
  // Of topics that are gone, or came back under another id, nothing can be told by id.
  const auto unnamed = [&](const auto& t) { return by_id && t.topic_id.is_zero(); };
  for (auto& t : told.topics) {
    if (!unnamed(t)) out.topics.push_back(std::move(t));
  }
  out.error = told.error;
  co_return out;
}

}  // namespace

seastar::future<answer> offset_fetch(services& with, request r) {
  if (r.header.version < many_groups_since)
    co_return co_await serve_group<offset_fetch_request, offset_fetch_response>(with, std::move(r));
  own_bytes(r);
  auto in = decode<offset_fetch_request>(r);
  offset_fetch_response out;
  for (auto& asked : in.groups) {
    out.groups.push_back(co_await fetch_one(with, r, std::move(asked), in.require_stable));
    with.meters.failed(out.groups.back().error);
  }
  co_return encode(r, out);
}

}  // namespace weir::edge
