#pragma once
// What is known of brokers for the moment, by whoever plans: never stored, never agreed upon.
#include <cstdint>
#include <map>

#include "core/base/ids.h"
#include "core/catalog/state.h"

namespace weir::catalog {

struct broker_fact {
  bool alive = false;
  std::int64_t silent_ms = 0;    // not alive: for how long, as far as was watched
  std::uint64_t disk_bytes = 0;  // of its device; 0: not known
  std::uint64_t disk_used = 0;
};

// A broker that is not in it was never heard of.
using broker_facts = std::map<node_id, broker_fact>;

inline bool alive(const broker_facts& facts, node_id node) {
  const auto at = facts.find(node);
  return at != facts.end() && at->second.alive;
}

// May get new replicas and leaders: registered, up, and nobody wants it empty.
inline bool takes_work(const state& s, const broker_facts& facts, node_id node) {
  const auto* b = s.find_broker(node);
  return b && b->state == broker_state::active && alive(facts, node);
}

}  // namespace weir::catalog
