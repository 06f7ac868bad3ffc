#include "core/base/check.h"
#include "core/transaction/coordinator.h"
#include "core/transaction/record.h"
#include "core/transaction/transitions.h"

namespace weir::transaction {

transaction_coordinator::place transaction_coordinator::become(std::string_view id,
                                                               std::optional<transaction> next) {
  auto at = transactions_.find(id);
  if (!next) {
    if (at == transactions_.end()) return at;
    set_due(at, std::nullopt);
    if (at->second.idle) idle_.erase(*at->second.idle);
    transactions_.erase(at);
    return transactions_.end();
  }
  if (at == transactions_.end()) at = transactions_.emplace(std::string(id), entry{}).first;
  auto& e = at->second;
  e.is = *std::move(next);
  if (e.idle) idle_.erase(*e.idle);
  e.idle.reset();
  if (e.is.idle()) {
    e.idle = idle_.insert(idle_.end(), at->first);
    set_due(at, std::nullopt);
  }
  if (!e.is.prepared()) e.unwritten.clear();
  return at;
}

transaction_coordinator::place transaction_coordinator::emit(std::string_view id,
                                                             std::optional<transaction> next,
                                                             effects& out) {
  group::coordinator_record record{.key = encode_key(id), .value = {}};
  if (next) record.value = encode_value(*next);
  if (out.batches.empty() || out.batch_size >= settings_.batch_bytes) {
    out.batches.emplace_back();
    out.batch_size = 0;
  }
  out.batch_size += record.key.size() + (record.value ? record.value->size() : 0);
  out.batches.back().records.push_back(std::move(record));
  return become(id, std::move(next));
}

std::expected<void, kafka::codec_error> transaction_coordinator::apply(
    const fragments& key, const std::optional<fragments>& value) {
  const auto id = weir_try(decode_key(key));
  if (!id) return {};
  if (!value) {
    become(*id, std::nullopt);
    return {};
  }
  auto next = weir_try(decode_value(*value));
  const auto* before = find(*id);
  next.last_epoch = last_epoch_after(before ? std::optional(*before) : std::nullopt, next);
  become(*id, std::move(next));
  return {};
}

void transaction_coordinator::set_due(place at, std::optional<std::int64_t> steady_ms) {
  auto& e = at->second;
  if (e.due) due_.erase({*e.due, at->first});
  e.due = steady_ms;
  if (e.due) due_.emplace(*e.due, at->first);
}

const transaction* transaction_coordinator::find(std::string_view id) const {
  const auto at = transactions_.find(id);
  return at == transactions_.end() ? nullptr : &at->second.is;
}

std::vector<std::pair<std::string, transaction>> transaction_coordinator::all() const {
  std::vector<std::pair<std::string, transaction>> out;
  out.reserve(transactions_.size());
  for (const auto& [id, e] : transactions_) out.emplace_back(id, e.is);
  return out;
}

}  // namespace weir::transaction
