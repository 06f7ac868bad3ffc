// The network between the simulated nodes: it delays, loses, repeats and reorders, and links break
// in one direction or both.
#include "sim/world.h"

namespace weir::sim {

void world::send(const packet_ptr& p) {
  auto& chance = around_.chance;
  const bool is_lost = !quiet_ && chance.chance(p->state ? rules_.loss * 3 : rules_.loss);
  if (is_lost) {
    shipped(p, false);
    return;
  }
  post(p);
  if (!quiet_ && chance.chance(rules_.repeats)) post(p);
}

void world::post(const packet_ptr& p) {
  auto& chance = around_.chance;
  auto delay = chance.between(10, quiet_ ? std::min(rules_.delay_max, ms) : rules_.delay_max);
  if (!quiet_ && chance.chance(rules_.late)) delay = chance.between(0, rules_.late_max);
  around_.events.after(delay, [this, p] {
    const auto n = nodes_.find(p->m.to);
    const bool arrives =
        !cut_.contains({p->m.from, p->m.to}) && n != nodes_.end() && n->second->up();
    if (arrives) n->second->receive(p);
    shipped(p, arrives);
  });
}

// What brokers say to each other once for all of their groups: that they are up, and since when.
void world::tell_lives() {
  auto& chance = around_.chance;
  for (const auto& [from, n] : nodes_) {
    if (!n->up()) continue;
    for (const auto& [to, other] : nodes_) {
      if (to == from || (!quiet_ && chance.chance(rules_.loss))) continue;
      around_.events.after(chance.between(10, rules_.delay_max),
                           [this, from, to, life = n->life()] {
                             const auto hears = nodes_.find(to);
                             if (hears != nodes_.end() && !cut_.contains({from, to})) {
                               hears->second->hear_node(from, life);
                             }
                           });
    }
  }
  around_.events.after(rules_.options.election_min.count() * ms / 4, [this] { tell_lives(); });
}

// The sender of a state learns how it ended, as from any call; not what came of it over there.
void world::shipped(const packet_ptr& p, bool arrived) {
  if (!p->state) return;
  around_.events.after(around_.chance.between(1, 50) * ms,
                       [this, from = p->m.from, to = p->m.to, arrived] {
                         const auto n = nodes_.find(from);
                         if (n != nodes_.end()) n->second->snapshot_shipped(to, arrived);
                       });
}

void world::cut(node_id node, bool in, bool out) {
  for (const auto& [other, n] : nodes_) {
    if (other == node) continue;
    if (in) cut_.insert({other, node});
    if (out) cut_.insert({node, other});
  }
}

}  // namespace weir::sim
