#include "sim/groups/outsider.h"

namespace weir::sim::groups {

void outsider::act() {
  if (leaving_) return vanish();
  // Where it begins is asked again and again: what is told must be what is there.
  if (watches_ || around_.chance.chance(300'000)) at_.clear();
  const auto topic = how_.known->find(*is_.topics.begin());
  if (!topic) return next();
  at_.try_emplace({topic->id, 0}, -1);
  if (!fetch()) commit();
}

void outsider::heed(kafka::error_code why) {
  throw violation(fmt::format("{} hears {}", str(), to_string(why)));
}

}  // namespace weir::sim::groups
