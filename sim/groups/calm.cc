// How a run ends: nothing goes wrong any more, and every group comes to rest.
#include <utility>

#include "sim/groups/world.h"

namespace weir::sim::groups {
namespace {

constexpr moment settling = 60 * second;

}  // namespace

void world::settle() {
  around_.calm = true;
  around_.note("calm");
  brokers_->heal();
  // Of the consumer protocol the second one with an instance waits for the first to go. Of the
  // classic protocol the first hears that it is fenced.
  std::map<std::pair<std::string, std::string>, client*> newest;
  for (auto& c : clients_) {
    if (c->over() || !c->is().instance || (c->speaks_classic() && !rules_.mixed)) continue;
    auto& one = newest[{c->is().group, *c->is().instance}];
    if (one) one->vanish();
    one = c.get();
  }
  for (const auto& g : groups_) {
    bool any = false;
    for (auto& c : clients_) any = any || (!c->over() && c->is().group == g.id && !c->is_leaving());
    if (!any) make_client(g);
  }
  if (!rules_.leaves_missing) make_sources();
  come_to_rest();
  if (!std::exchange(withholds_, false)) return;
  around_.note("internal topics are made from now on");
  come_to_rest();
}

void world::come_to_rest() {
  const auto until = events_.now() + settling;
  // All that was late has arrived by then.
  events_.run_until(events_.now() + 2 * second + 2 * rules_.transaction_timeout);
  while (!unfinished().empty() && events_.now() < until) {
    repair_internal();
    events_.run_until(events_.now() + 100 * ms);
  }
  if (const auto what = unfinished(); !what.empty())
    throw violation("it does not come to rest: " + what);
}

std::string world::unfinished() {
  if (transactions_->any_open()) return "a transaction is open";
  if (truth_.offsets().any_pending()) return "offsets wait for a transaction";
  for (std::size_t l = 0; l < brokers_->logs(); ++l) {
    if (!brokers_->log(l).is_led()) return fmt::format("nobody leads log {}", l);
  }
  for (const auto& g : groups_) {
    if (const auto what = unfinished(g); !what.empty()) return what;
  }
  return {};
}

// Everybody is in it and nobody else; each partition is read by one of them.
std::string world::unfinished(const group_of_clients& g) {
  std::set<std::string> here;
  std::set<reading> wanted;
  std::set<reading> read;
  const auto* consumers = truth_.members().consumer(g.id);
  const auto* classic = truth_.members().classic(g.id);
  std::vector<const streams_client*> streams;
  for (const auto& c : clients_) {
    if (c->over() || c->is().group != g.id) continue;
    if (c->is_leaving()) return fmt::format("{} has not left", c->str());
    here.insert(c->member_id());
    if (c->streams()) {
      streams.push_back(c->streams());
      continue;
    }
    for (const auto& [name, topic] : topics_.known) {
      const bool matches = !c->is().regex.empty() && name.starts_with('t');
      if (!c->is().topics.contains(name) && !matches) continue;
      for (std::int32_t p = 0; p < topic.partitions; ++p) wanted.insert({name, p});
    }
    for (const auto& r : c->reads()) {
      if (!read.insert(r).second) return fmt::format("{} reads what another one reads", c->str());
    }
  }
  if (g.streams) return unfinished_streams(g, streams);
  std::set<std::string> known;
  if (consumers) {
    for (const auto& [id, m] : consumers->members) known.insert(id);
  } else if (classic) {
    known = classic->members;
  }
  if (known != here) return fmt::format("{} knows {} of {}", g.id, known.size(), here.size());
  if (consumers) {
    for (const auto& [id, current] : consumers->has) {
      const bool done = current.state == group::member_state::stable &&
                        current.epoch == consumers->epoch && consumers->target == consumers->epoch;
      if (!done)
        return fmt::format("{} of {} is in epoch {} of {}", id, g.id, current.epoch,
                           consumers->epoch);
    }
  }
  if (read != wanted)
    return fmt::format("of {} {} partitions are read, and {} wanted", g.id, read.size(),
                       wanted.size());
  return {};
}

}  // namespace weir::sim::groups
