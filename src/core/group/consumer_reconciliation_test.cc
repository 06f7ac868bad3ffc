#include "core/group/consumer_reconciliation.h"

#include <catch2/catch_all.hpp>

namespace weir::group {
namespace {

const uuid topic{1, 1};
const uuid other{1, 2};

topic_partitions of(const uuid& t, std::vector<std::int32_t> list) {
  topic_partitions out;
  out.add(t, list);
  return out;
}
owned_partitions owned_at(const uuid& t, std::vector<std::int32_t> list, std::int32_t epoch) {
  owned_partitions out;
  for (const auto p : list) out.add({t, p}, epoch);
  return out;
}

struct scene {
  std::int32_t epoch = 0;
  topic_partitions target;
  std::optional<topic_partitions> owned;
  bool changed = false;
  topic_partitions taken;
  std::optional<uuid> unwanted;

  [[nodiscard]] current_assignment next(const current_assignment& from) const {
    return reconciled(from, {.target_epoch = epoch,
                             .target = &target,
                             .owned = owned ? &*owned : nullptr,
                             .subscription_changed = changed,
                             .is_free = [&](const partition_key& p) { return !taken.contains(p); },
                             .is_subscribed = [&](const uuid& t) { return t != unwanted; }});
  }
};

TEST_CASE("a new member gets what is free, and the rest when it is released") {
  scene s{.epoch = 3, .target = of(topic, {1, 2}), .taken = of(topic, {2})};
  const auto first = s.next({});
  CHECK(first ==
        current_assignment{3, 0, member_state::unreleased_partitions, owned_at(topic, {1}, 3), {}});
  CHECK(s.next(first) == first);
  s.taken = {};
  auto both = owned_at(topic, {1, 2}, 3);
  CHECK(s.next(first) == current_assignment{3, 0, member_state::stable, both, {}});
}

TEST_CASE("a member keeps its epoch until it gave up what it must") {
  const current_assignment had{5, 4, member_state::stable, owned_at(topic, {1, 2, 3}, 4), {}};
  scene s{.epoch = 6, .target = of(topic, {1, 4}), .taken = of(topic, {1, 2, 3})};
  const auto revoking = s.next(had);
  CHECK(revoking == current_assignment{5, 4, member_state::unrevoked_partitions,
                                       owned_at(topic, {1}, 4), owned_at(topic, {2, 3}, 4)});
  // It says nothing of what it has; then it has given up a part.
  CHECK(s.next(revoking) == revoking);
  s.owned = of(topic, {1, 3});
  CHECK(s.next(revoking) == revoking);
  s.owned = of(topic, {1});
  auto now = owned_at(topic, {1}, 4);
  now.add({topic, 4}, 6);
  CHECK(s.next(revoking) == current_assignment{6, 5, member_state::stable, now, {}});
}

TEST_CASE("the target moves on while a member gives up") {
  const current_assignment revoking{5, 4, member_state::unrevoked_partitions,
                                    owned_at(topic, {1}, 4), owned_at(topic, {2}, 4)};
  scene s{.epoch = 8, .owned = of(topic, {1}), .taken = of(topic, {1, 2})};
  SECTION("it gets back what it gave up") {
    s.target = of(topic, {1, 2});
    auto now = owned_at(topic, {1}, 4);
    now.add({topic, 2}, 8);
    CHECK(s.next(revoking) == current_assignment{8, 5, member_state::stable, now, {}});
  }
  SECTION("it must give up more, in its old epoch still") {
    CHECK(
        s.next(revoking) ==
        current_assignment{5, 4, member_state::unrevoked_partitions, {}, owned_at(topic, {1}, 4)});
  }
}

TEST_CASE("who says that it has nothing of it has given it up") {
  const current_assignment had{5, 4, member_state::stable, owned_at(topic, {1, 2}, 5), {}};
  scene s{.epoch = 6, .target = of(topic, {1}), .owned = topic_partitions{}};
  CHECK(s.next(had) == current_assignment{6, 5, member_state::stable, owned_at(topic, {1}, 5), {}});
}

TEST_CASE("what a member does not subscribe to any more goes before there is a new target") {
  auto assigned = owned_at(topic, {1}, 5);
  assigned.add({other, 0}, 5);
  const current_assignment had{5, 4, member_state::stable, assigned, {}};
  scene s{.epoch = 5, .target = assigned.partitions(), .changed = true, .unwanted = other};
  const current_assignment gives{5, 4, member_state::unrevoked_partitions, owned_at(topic, {1}, 5),
                                 owned_at(other, {0}, 5)};
  CHECK(s.next(had) == gives);
  s.owned = of(other, {0});
  CHECK(s.next(had) == gives);
  s.owned = of(topic, {1});
  CHECK(s.next(had) == current_assignment{5, 4, member_state::stable, owned_at(topic, {1}, 5), {}});
  s.changed = false;
  CHECK(s.next(had) == had);
  // A target made before the change does not give it back.
  s.changed = true;
  s.epoch = 6;
  CHECK(s.next(had).assigned == owned_at(topic, {1}, 5));
}

TEST_CASE("a member that waits goes on towards a newer target") {
  const current_assignment waits{
      5, 4, member_state::unreleased_partitions, owned_at(topic, {1}, 5), {}};
  scene s{.epoch = 7, .target = of(other, {0}), .taken = of(topic, {1})};
  const auto next = s.next(waits);
  CHECK(next.state == member_state::unrevoked_partitions);
  CHECK(next.epoch == 5);
  s.owned = topic_partitions{};
  CHECK(s.next(next) ==
        current_assignment{7, 5, member_state::stable, owned_at(other, {0}, 7), {}});
}

}  // namespace
}  // namespace weir::group
