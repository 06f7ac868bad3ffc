// The network between the simulated nodes: it delays, loses, repeats and reorders, and links break in
// one direction or both.
#include "sim/world.h"

namespace weir::sim {

void world::send(const packet_ptr& p) {
  auto& chance = around_.chance;
  const bool is_snapshot = p->state != nullptr;
  const bool is_lost = cut_.contains({p->m.from, p->m.to}) ||
                       (!quiet_ && chance.chance(is_snapshot ? rules_.loss * 3 : rules_.loss));
  if (is_lost) {
    if (is_snapshot) {
      around_.events.after(100 * ms, [this, from = p->m.from, to = p->m.to] {
        if (const auto n = nodes_.find(from); n != nodes_.end()) n->second->snapshot_lost(to);
      });
    }
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
    // A link that broke meanwhile has lost what was on it.
    if (cut_.contains({p->m.from, p->m.to})) return;
    if (const auto n = nodes_.find(p->m.to); n != nodes_.end()) n->second->receive(p);
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
