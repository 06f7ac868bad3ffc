#include "core/group/consumer_reconciliation.h"

#include "core/group/task.h"

namespace weir::group {
namespace {

template <typename Key>
class step {
 public:
  using current = member_assignment<Key>;

  step(const current& member, const reconciliation_of<Key>& with)
      : member_(member), with_(with), target_(with.target ? *with.target : nothing_) {}

  current next() {
    switch (member_.state) {
      case member_state::stable:
        if (member_.epoch != with_.target_epoch) return towards_target();
        break;
      case member_state::unrevoked_partitions:
        // It stays until it says that nothing of what it must give up is its own any more.
        if (with_.owned && !member_.revoking.intersects(*with_.owned)) return towards_target();
        break;
      case member_state::unreleased_partitions:
        return towards_target();
    }
    return with_.subscription_changed ? without_unwanted() : member_;
  }

 private:
  [[nodiscard]] bool is_target(const Key& p) const {
    return target_.contains(p) && with_.is_subscribed(whole_of(p));
  }

  current towards_target() {
    current out;
    member_.assigned.for_each([&](const Key& p, std::int32_t epoch) {
      (is_target(p) ? out.assigned : out.revoking).add(p, epoch);
    });
    // A member that says it has none of them has given them up already.
    if (!out.revoking.empty() && (!with_.owned || out.revoking.intersects(*with_.owned))) {
      out.epoch = member_.epoch;
      out.previous_epoch = member_.previous_epoch;
      out.state = member_state::unrevoked_partitions;
      return out;
    }
    out.revoking = {};
    out.epoch = with_.target_epoch;
    // While it waits in one epoch, that from before it stays good: the answer may have been lost.
    out.previous_epoch =
        member_.epoch == with_.target_epoch ? member_.previous_epoch : member_.epoch;
    target_.for_each([&](const Key& p) {
      if (out.assigned.contains(p) || !with_.is_subscribed(whole_of(p))) return;
      // What it itself gives up in this step is free for it: it never had two owners.
      if (with_.is_free(p) || member_.revoking.contains(p)) {
        out.assigned.add(p, with_.target_epoch);
      } else {
        out.state = member_state::unreleased_partitions;
      }
    });
    return out;
  }

  // What it does not want any more goes at once; what it wants instead comes with the next target.
  current without_unwanted() {
    current out = member_;
    out.assigned = {};
    member_.assigned.for_each([&](const Key& p, std::int32_t epoch) {
      const bool gone = !with_.is_subscribed(whole_of(p));
      (gone ? out.revoking : out.assigned).add(p, epoch);
    });
    if (out.assigned.size() == member_.assigned.size()) return member_;
    const bool given_up = with_.owned && !out.revoking.intersects(*with_.owned);
    if (given_up) out.revoking = {};
    out.state = given_up ? member_.state : member_state::unrevoked_partitions;
    return out;
  }

  const partition_set<Key> nothing_;
  const current& member_;
  const reconciliation_of<Key>& with_;
  const partition_set<Key>& target_;
};

}  // namespace

template <typename Key>
member_assignment<Key> reconciled(const member_assignment<Key>& member,
                                  const reconciliation_of<Key>& with) {
  return step<Key>(member, with).next();
}

template member_assignment<partition_key> reconciled(const member_assignment<partition_key>&,
                                                     const reconciliation_of<partition_key>&);
template member_assignment<task> reconciled(const member_assignment<task>&,
                                            const reconciliation_of<task>&);

}  // namespace weir::group
