// What goes wrong.
#include "core/raft/describe.h"
#include "sim/world.h"

namespace weir::sim {

void world::every(moment mean, std::function<void()> what) {
  if (mean == 0) return;
  around_.events.after(around_.chance.between(1, 2 * mean), [this, mean, what = std::move(what)] {
    if (!troubled_) return;
    what();
    every(mean, what);
  });
}

void world::start_trouble() {
  troubled_ = true;
  every(rules_.crash_every, [this] { crash_some(); });
  every(rules_.cut_every, [this] { cut_some(); });
  every(rules_.slow_every, [this] { slow_some(); });
  every(rules_.transfer_every, [this] { transfer_some(); });
  every(rules_.change_every, [this] { change_some(); });
  every(rules_.trim_every, [this] { trim_some(); });
  every(rules_.compact_every, [this] { compact_some(); });
  every(rules_.lose_disk_every, [this] { lose_disk(); });
  every(rules_.rot_every, [this] { rot_some(); });
  every(rules_.alarm_every, [this] { alarm_some(); });
}

// Whoever asks a node that is down is refused at once.
void world::tell_gone(node_id gone) {
  for (const auto& [id, n] : nodes_) {
    if (id == gone || cut_.contains({gone, id}) || !around_.chance.chance(rules_.refused)) continue;
    around_.events.after(around_.chance.between(0, 20 * ms), [this, id, gone] {
      const auto there = nodes_.find(id);
      if (there != nodes_.end()) there->second->leader_gone(gone);
    });
  }
}

// Somebody is told that its leader's node is gone, and it is not.
void world::alarm_some() {
  const auto now_up = up();
  if (now_up.empty()) return;
  auto* one = around_.chance.pick(now_up);
  one->leader_gone(one->core().leader());
}

void world::restart(node_id id) {
  const auto found = nodes_.find(id);
  if (found == nodes_.end() || found->second->up()) return;
  if (!found->second->start()) {
    throw violation(fmt::format("{} finds its disk damaged", id));
  }
}

void world::crash_some() {
  // Now and then the power goes for all.
  const bool all = around_.chance.chance(100'000);
  const auto now_up = up();
  if (now_up.empty()) return;
  const auto* one = around_.chance.pick(now_up);
  for (auto* n : now_up) {
    if (all || n == one) crash(*n, rules_.down_max);
  }
}

void world::crash(node& n, moment down_max) {
  n.crash();
  ++counts_["crashes"];
  tell_gone(n.id());
  around_.events.after(around_.chance.between(ms, down_max), [this, id = n.id()] { restart(id); });
}

// Crashes just after a promise left, back while it still binds, are rare by chance alone.
void world::crash_voter(node_id id) {
  if (!troubled_ || !around_.chance.chance(rules_.crash_after_vote)) return;
  around_.events.after(around_.chance.between(0, ms), [this, id] {
    const auto n = nodes_.find(id);
    if (n != nodes_.end() && n->second->up()) crash(*n->second, 15 * ms);
  });
}

void world::cut_some() {
  auto& chance = around_.chance;
  const auto all = everyone();
  const auto kind = chance.below(4);
  if (kind == 0) {  // two sides
    std::set<node_id> side;
    for (const auto id : all) {
      if (chance.chance(500'000)) side.insert(id);
    }
    for (const auto a : all) {
      for (const auto b : all) {
        if (side.contains(a) != side.contains(b)) cut_.insert({a, b});
      }
    }
  } else if (kind == 1) {  // one alone, perhaps deaf or dumb only
    const auto way = chance.below(3);
    cut(chance.pick(all), way != 1, way != 2);
  } else if (kind == 2) {  // one link, one way
    cut_.insert({chance.pick(all), chance.pick(all)});
  } else {  // the leader, which is what hurts most
    const auto way = chance.below(3);
    if (const auto* n = leader()) cut(n->id(), way != 1, way != 2);
  }
  heal_later();
}

void world::heal_later() {
  ++counts_["cuts"];
  const auto longest = around_.chance.chance(500'000) ? 300 * ms : 4 * second;
  around_.events.after(around_.chance.between(ms, longest), [this] { cut_.clear(); });
}

void world::slow_some() {
  const auto all = everyone();
  const auto id = around_.chance.pick(all);
  nodes_[id]->set_slow(true);
  ++counts_["slow disks"];
  around_.events.after(around_.chance.between(100 * ms, 3 * second), [this, id] {
    if (const auto n = nodes_.find(id); n != nodes_.end()) n->second->set_slow(false);
  });
}

void world::transfer_some() {
  auto* n = leader();
  if (n && n->transfer(around_.chance.pick(n->members().voters))) ++counts_["transfers"];
}

void world::change_some() {
  auto* n = leader();
  if (!n) return;
  auto& chance = around_.chance;
  const auto& now = n->members();
  raft::configuration target;
  if (chance.chance(400'000)) {
    // Learners come and go.
    target.voters = now.voters;
    for (const auto& [id, other] : nodes_) {
      if (!now.is_voter(id) && chance.chance(600'000)) target.learners.push_back(id);
    }
  } else {
    // Any set of those who may vote, and sometimes all of them: replaced at once.
    for (const auto& [id, other] : nodes_) {
      if (!now.is_member(id)) continue;
      const auto keep = now.is_learner(id) ? 700'000U : 600'000U;
      (chance.chance(keep) ? target.voters : target.learners).push_back(id);
    }
    if (chance.chance(500'000)) target.learners.clear();
  }
  if (target.voters.empty() || !n->change(target)) return;
  ++counts_["changes"];
  // What begins to change and is then taken back is rare by chance alone.
  if (rules_.cut_every != 0 && chance.chance(300'000)) {
    cut(n->id(), true, true);
    heal_later();
  }
}

void world::trim_some() {
  const auto now_up = up();
  if (now_up.empty()) return;
  around_.chance.pick(now_up)->trim();
  ++counts_["trims"];
}

void world::compact_some() {
  const auto now_up = up();
  if (now_up.empty()) return;
  around_.chance.pick(now_up)->compact();
  ++counts_["compactions"];
}

// What is committed must survive: of no set of voters that anybody still goes by may half be lost.
bool world::may_lose(node_id id) const {
  for (const auto& [other, n] : nodes_) {
    for (const auto* set : {&n->members().voters, &n->members().old_voters}) {
      if (!std::ranges::binary_search(*set, id)) continue;
      const auto gone = std::ranges::count_if(
          *set, [&](node_id voter) { return voter == id || lost_.contains(voter); });
      if (2 * gone >= static_cast<std::ptrdiff_t>(set->size())) return false;
    }
  }
  return true;
}

void world::lose(node_id id) {
  if (nodes_[id]->up()) nodes_[id]->crash();
  if (around_.tell) around_.tell(fmt::format("{} lost its disk", id));
  lost_.insert(id);
  graveyard_.push_back(std::move(nodes_[id]));
  nodes_.erase(id);
  ++counts_["disks lost"];
  add_spare();
}

// A machine with an empty disk is a new node, with a name that nobody knows a promise of.
void world::add_spare() {
  const node_id id(next_id_++);
  auto& n = nodes_[id];
  n = std::make_unique<node>(id, around_, raft::configuration{});
  n->set_clock(100 + around_.chance.between(-rules_.clock_percent, rules_.clock_percent));
  restart(id);
}

void world::lose_disk() {
  const auto all = everyone();
  const auto id = around_.chance.pick(all);
  if (may_lose(id)) lose(id);
}

void world::rot_some() {
  const auto all = everyone();
  const auto id = around_.chance.pick(all);
  if (!may_lose(id) || !nodes_[id]->up()) return;
  nodes_[id]->crash();
  if (!nodes_[id]->rot()) return restart(id);
  ++counts_["rotten"];
  // A replica that finds damage is not opened: it is lost, and replaced.
  if (nodes_[id]->start()) throw violation(fmt::format("{} does not see its damage", id));
  lose(id);
}

}  // namespace weir::sim
