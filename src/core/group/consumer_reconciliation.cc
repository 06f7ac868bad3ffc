#include "core/group/consumer_reconciliation.h"

namespace weir::group {
namespace {

const topic_partitions no_partitions;

class step {
 public:
  step(const current_assignment& member, const reconciliation& with)
      : member_(member), with_(with), target_(with.target ? *with.target : no_partitions) {}

  current_assignment next() {
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
  [[nodiscard]] bool is_target(const partition_key& p) const {
    return target_.contains(p) && with_.is_subscribed(p.topic_id);
  }

  current_assignment towards_target() {
    current_assignment out;
    member_.assigned.for_each([&](const partition_key& p, std::int32_t epoch) {
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
    target_.for_each([&](const partition_key& p) {
      if (out.assigned.contains(p) || !with_.is_subscribed(p.topic_id)) return;
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
  current_assignment without_unwanted() {
    current_assignment out = member_;
    out.assigned = {};
    member_.assigned.for_each([&](const partition_key& p, std::int32_t epoch) {
      const bool gone = !with_.is_subscribed(p.topic_id);
      (gone ? out.revoking : out.assigned).add(p, epoch);
    });
    if (out.assigned.size() == member_.assigned.size()) return member_;
    const bool given_up = with_.owned && !out.revoking.intersects(*with_.owned);
    if (given_up) out.revoking = {};
    out.state = given_up ? member_.state : member_state::unrevoked_partitions;
    return out;
  }

  const current_assignment& member_;
  const reconciliation& with_;
  const topic_partitions& target_;
};

}  // namespace

current_assignment reconciled(const current_assignment& member, const reconciliation& with) {
  return step(member, with).next();
}

}  // namespace weir::group
