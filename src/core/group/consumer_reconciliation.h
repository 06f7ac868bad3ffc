#pragma once
// One member's next step from what it has to what it is meant to have (KIP-848, "Member
// assignment"). First it gives up what it must, keeping its epoch; then it takes the epoch of the
// target, and what is free of its new partitions; the rest as their owners release them.
#include <functional>
#include <optional>

#include "core/group/consumer_member.h"

namespace weir::group {

struct reconciliation {
  // The epoch of the target assignment, and this member's part of it; null: nothing.
  std::int32_t target_epoch = 0;
  const topic_partitions* target = nullptr;
  // What the member said that it has; nothing: it did not say.
  const topic_partitions* owned = nullptr;
  // Its subscription is another than the one that the target was made for.
  bool subscription_changed = false;
  // Whether nobody has this partition, nor is still to give it up.
  std::function<bool(const partition_key&)> is_free;
  // Whether the member wants this topic; asked only after a change of its subscription or where the
  // target may be older than it.
  std::function<bool(const uuid&)> is_subscribed;
};

// The same as before where there is nothing to do.
current_assignment reconciled(const current_assignment& member, const reconciliation& with);

}  // namespace weir::group
