#include <algorithm>

#include "core/base/check.h"
#include "core/share/coordinator.h"

namespace weir::share {
namespace {

void store(group::coordinator_record record, effects& out) {
  if (out.batches.empty()) out.batches.emplace_back();
  out.batches.back().records.push_back(std::move(record));
}

}  // namespace

void share_coordinator::become(const share_partition& p, std::optional<share_state> snapshot) {
  if (!snapshot) {
    partitions_.erase(p);
  } else {
    partitions_[p] = entry{.is = *std::move(snapshot)};
  }
}

// Compaction may have left an update of a snapshot that is gone: its successor holds all of it.
void share_coordinator::become(const share_partition& p, const share_update& update) {
  const auto at = partitions_.find(p);
  if (at == partitions_.end() || at->second.is.snapshot_epoch != update.snapshot_epoch) return;
  auto& [is, updates] = at->second;
  if (update.start != no_offset) is.start = update.start;
  if (update.leader_epoch != -1) is.leader_epoch = update.leader_epoch;
  is.delivery_complete_count = update.delivery_complete_count;
  is.batches = combine(is.batches, update.batches, is.start, broken_);
  if (!broken_.replays_no_changes)
    is.changed = combine(is.changed, update.batches, is.start, broken_);
  ++updates;
}

void share_coordinator::emit_snapshot(const share_partition& p, share_state state, effects& out) {
  state.changed.clear();
  store({.key = encode(snapshot_key{p}), .value = encode_snapshot(state)}, out);
  become(p, std::move(state));
}

// `update`: what is new. Stored is all that is new since the snapshot, or a snapshot where that is
// not much more.
void share_coordinator::emit_update(const share_partition& p, share_update update,
                                    const request_context& c, effects& out) {
  const auto& [is, updates] = partitions_.at(p);
  update.snapshot_epoch = is.snapshot_epoch;
  auto all = combine(is.batches, update.batches, update.start, broken_);
  if (!broken_.updates_hold_news_only)
    update.batches = combine(is.changed, update.batches, update.start, broken_);
  if (updates < settings_.updates_per_snapshot && update.batches.size() * 2 <= all.size()) {
    store({.key = encode(update_key{p}), .value = encode(update)}, out);
    return become(p, update);
  }
  if (broken_.snapshot_drops_counts) {
    for (auto& b : all) b.delivery_count = b.delivery_state == 0 ? 0 : b.delivery_count;
  }
  emit_snapshot(p,
                {.snapshot_epoch = is.snapshot_epoch + 1,
                 .state_epoch = is.state_epoch,
                 .leader_epoch = update.leader_epoch,
                 .start = update.start,
                 .delivery_complete_count = update.delivery_complete_count,
                 .created = c.now.wall,
                 .written = c.now.wall,
                 .batches = std::move(all)},
                out);
}

void share_coordinator::emit_gone(const share_partition& p, effects& out) {
  store({.key = encode(update_key{p}), .value = {}}, out);
  store({.key = encode(snapshot_key{p}), .value = {}}, out);
  become(p, std::nullopt);
}

std::expected<void, kafka::codec_error> share_coordinator::apply(
    const fragments& key, const std::optional<fragments>& value) {
  const auto kind = weir_try(decode_key(key));
  if (const auto* snapshot = std::get_if<snapshot_key>(&kind)) {
    std::optional<share_state> state;
    if (value) state = weir_try(decode_snapshot(*value));
    become(snapshot->of, std::move(state));
  } else if (const auto* update = std::get_if<update_key>(&kind); update && value) {
    become(update->of, weir_try(decode_update(*value)));
  }
  return {};
}

effects share_coordinator::topics_deleted(std::span<const uuid> topics) {
  effects out;
  std::vector<share_partition> gone;
  for (const auto& [p, e] : partitions_) {
    if (std::ranges::find(topics, p.topic) != topics.end()) gone.push_back(p);
  }
  for (const auto& p : gone) emit_gone(p, out);
  return out;
}

const share_state* share_coordinator::find(const share_partition& p) const {
  const auto at = partitions_.find(p);
  return at == partitions_.end() ? nullptr : &at->second.is;
}

std::vector<std::pair<share_partition, share_state>> share_coordinator::all() const {
  std::vector<std::pair<share_partition, share_state>> out;
  out.reserve(partitions_.size());
  for (const auto& [p, e] : partitions_) out.emplace_back(p, e.is);
  return out;
}

}  // namespace weir::share
