#include "sim/shares/data_partition.h"

#include <algorithm>

#include "sim/shares/oracle.h"

namespace weir::sim::shares {

data_partition::data_partition(surroundings& around, replicated_log& log, partition_key key,
                               broker count)
    : around_(around), log_(log), key_(key), starts_(count, offset(0)), gone_(count) {}

std::vector<std::pair<std::size_t, data_partition::piece>> data_partition::batches(broker b) const {
  std::vector<std::pair<std::size_t, piece>> out;
  auto next = offset(0);
  for (std::size_t i = 0; i < log_.committed(b); ++i) {
    const auto& e = log_.at(b, i);
    if (e.count == 0) continue;
    out.emplace_back(i, piece{next, next + (e.count - 1), e.hidden});
    next = next + e.count;
  }
  return out;
}

offset data_partition::high_watermark(broker b) const {
  std::int64_t out = 0;
  for (std::size_t i = 0; i < log_.committed(b); ++i) out += log_.at(b, i).count;
  return offset(out);
}

std::optional<std::vector<data_partition::piece>> data_partition::read(
    broker b, offset from, std::size_t batches_max) const {
  if (from < starts_[b]) return std::nullopt;
  std::vector<piece> out;
  for (const auto& [index, p] : batches(b)) {
    if (p.last < from || gone_[b].contains(index)) continue;
    if (out.size() == batches_max) break;
    out.push_back(p);
  }
  return out;
}

void data_partition::produce() {
  std::vector<broker> leading;
  for (broker b = 0; b < starts_.size(); ++b) {
    if (log_.serves(b)) leading.push_back(b);
  }
  if (leading.empty() || around_.truth.data().end(key_) >= around_.rules.records_max) return;
  placed what;
  what.count = around_.chance.between(1, around_.rules.batch_max);
  what.hidden = around_.chance.chance(around_.rules.hidden);
  log_.place(around_.chance.pick(leading), std::move(what));
}

void data_partition::delete_some() {
  const auto b = around_.chance.below(starts_.size());
  const auto end = high_watermark(b);
  const auto before = offset(around_.chance.between(starts_[b].value(), end.value()));
  around_.note("{}: records before {} are deleted", key_.partition, before);
  around_.truth.deleted(key_, before);
  for (broker to = 0; to < starts_.size(); ++to) follow_deletion(to, before);
}

void data_partition::follow_deletion(broker b, offset before) {
  around_.events.after(around_.chance.between(1, around_.rules.news_max), [this, b, before] {
    if (high_watermark(b) < before) {
      return around_.events.after(10 * ms, [this, b, before] { follow_deletion(b, before); });
    }
    starts_[b] = std::max(starts_[b], before);
  });
}

void data_partition::compact_one() {
  const auto b = around_.chance.below(starts_.size());
  const auto all = batches(b);
  if (all.empty()) return;
  const auto& [index, p] = all[around_.chance.below(all.size())];
  around_.note("{}: {} to {} go", key_.partition, p.first, p.last);
  around_.truth.compacted(key_, p.first, p.last);
  for (broker to = 0; to < starts_.size(); ++to) {
    if (to == b) {
      gone_[to].insert(index);
      continue;
    }
    around_.events.after(around_.chance.between(1, around_.rules.news_max), [this, to, index] {
      if (index < log_.committed(to)) gone_[to].insert(index);
    });
  }
}

}  // namespace weir::sim::shares
