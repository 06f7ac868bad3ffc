#include "core/telemetry/client_instances.h"

#include <algorithm>
#include <utility>

namespace weir::telemetry {

client_instances::entry& client_instances::find(const uuid& instance) {
  const auto known = by_id_.find(instance);
  if (known != by_id_.end()) {
    by_use_.splice(by_use_.end(), by_use_, known->second);
    return *known->second;
  }
  if (by_use_.size() >= most_ && !by_use_.empty()) {
    by_id_.erase(by_use_.front().instance);
    by_use_.pop_front();
  }
  by_use_.push_back({.instance = instance});
  by_id_.emplace(instance, std::prev(by_use_.end()));
  return by_use_.back();
}

std::expected<void, push_refusal> client_instances::asked(const uuid& instance,
                                                          const view& now_told, time now) {
  auto& e = find(instance);
  const auto last = std::max(e.asked, e.pushed);
  // What it is to push has changed: better soon than after the old interval.
  const bool changed = e.subscription != now_told.id;
  if (last && now - *last < now_told.interval && !e.may_ask && !changed)
    return std::unexpected(push_refusal::too_soon);
  e.asked = now;
  e.asked_since = true;
  e.may_ask = false;
  e.subscription = now_told.id;
  return {};
}

std::expected<void, push_refusal> client_instances::pushed(const uuid& instance,
                                                           const view& now_told,
                                                           std::int32_t subscription,
                                                           bool terminating, time now) {
  auto& e = find(instance);
  if (e.terminated) return std::unexpected(push_refusal::terminated);
  // The first one after it asked comes at a random moment within the interval, so that not all push
  // together.
  const bool asked_since = std::exchange(e.asked_since, false);
  const bool first = !e.pushed || asked_since;
  if (!first && !terminating && now - *e.pushed < now_told.interval)
    return std::unexpected(push_refusal::too_soon);
  e.pushed = now;
  if (subscription != now_told.id) {
    e.may_ask = true;
    return std::unexpected(push_refusal::unknown_subscription);
  }
  e.terminated = terminating;
  return {};
}

void client_instances::refused(const uuid& instance) {
  find(instance).may_ask = true;
}

}  // namespace weir::telemetry
