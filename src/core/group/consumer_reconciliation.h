#pragma once
// One member's next step from what it has to what it is meant to have (KIP-848, "Member
// assignment"), whether it is topics' partitions that it has or tasks. First it gives up what it
// must, keeping its epoch; then it takes the epoch of the target, and what is free of its new
// partitions; the rest as their owners release them.
#include <functional>
#include <optional>

#include "core/group/consumer_member.h"

namespace weir::group {

template <typename Key>
struct reconciliation_of {
  // The epoch of the target assignment, and this member's part of it; null: nothing.
  std::int32_t target_epoch = 0;
  const partition_set<Key>* target = nullptr;
  // What the member said that it has; nothing: it did not say.
  const partition_set<Key>* owned = nullptr;
  // Its subscription is another than the one that the target was made for.
  bool subscription_changed = false;
  // Whether nobody has this partition, nor is still to give it up.
  std::function<bool(const Key&)> is_free;
  // Whether the member wants this topic; asked only after a change of its subscription or where the
  // target may be older than it.
  std::function<bool(const whole<Key>&)> is_subscribed;
};
using reconciliation = reconciliation_of<partition_key>;

// The same as before where there is nothing to do.
template <typename Key>
member_assignment<Key> reconciled(const member_assignment<Key>& member,
                                  const reconciliation_of<Key>& with);

}  // namespace weir::group
