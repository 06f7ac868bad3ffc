#include "sim/world.h"

#include <fmt/format.h>

#include <ranges>

namespace weir::sim {

world::world(const plan& rules, std::function<void(const std::string&)> tell)
    : rules_(rules), around_{.rules = rules, .chance = random(rules.seed)} {
  if (tell) {
    around_.tell = [this, tell = std::move(tell)](const std::string& what) {
      tell(fmt::format("{:>9.3f} ms  {}", static_cast<double>(around_.events.now()) / ms, what));
    };
  }
  around_.send = [this](const packet_ptr& p) { send(p); };
  around_.stored = [this](node_id id, raft::entry_id entry) {
    if (lost_.contains(id)) return true;
    const auto found = nodes_.find(id);
    return found != nodes_.end() && found->second->stored(entry);
  };
  around_.voted = [this](node_id id) { crash_voter(id); };
  raft::configuration initial;
  for (std::int32_t i = 1; i <= rules.nodes; ++i) initial.voters.emplace_back(i);
  for (; next_id_ <= rules.nodes; ++next_id_) {
    nodes_[node_id(next_id_)] = std::make_unique<node>(node_id(next_id_), around_, initial);
  }
  clients_ = std::make_unique<clients>(reach{.around = around_,
                                             .nodes = [this] { return up(); },
                                             .stopped = [this] { return clients_stopped_; }},
                                       rules);
}

void world::advance(moment by) {
  around_.events.run_until(around_.events.now() + by);
}

std::vector<node*> world::up() {
  std::vector<node*> out;
  for (auto& [id, n] : nodes_) {
    if (n->up() && (majority_.empty() || majority_.contains(id))) out.push_back(n.get());
  }
  return out;
}

std::vector<node_id> world::everyone() const {
  const auto ids = std::views::keys(nodes_);
  return {ids.begin(), ids.end()};
}

node* world::leader() {
  node* best = nullptr;
  for (auto* n : up()) {
    if (!n->serves()) continue;
    if (!best || n->core().current_term() > best->core().current_term()) best = n;
  }
  return best;
}

void world::run() {
  for (auto& [id, n] : nodes_) {
    n->set_clock(100 + around_.chance.between(-rules_.clock_percent, rules_.clock_percent));
    restart(id);
  }
  if (around_.chance.chance(500'000)) nodes_.begin()->second->stand_first();
  for (std::int64_t i = 0; i < rules_.spares; ++i) add_spare();
  if (rules_.options.rest) tell_lives();
  phase_ = "chaos";
  start_trouble();
  clients_->start();
  advance(rules_.chaos);
  troubled_ = false;
  std::string said;
  for (const auto& [what, count] : counts_) said += fmt::format(", {} {}", count, what);
  phases_.push_back(fmt::format("chaos     {} s: {} entries in {} terms{}", rules_.chaos / second,
                                around_.truth.last(), around_.truth.last_led(), said));
  heal();
  if (rules_.options.rest) rest();
  flap();
  calm();
  if (const auto why = clients_->judge_registers()) throw violation(*why);
  const auto& c = clients_->counts();
  phases_.push_back(
      fmt::format("clients   {} batches acknowledged, {} writes, {} reads, {} entries consumed",
                  c.acknowledged, c.writes, c.reads, c.consumed));
}

}  // namespace weir::sim
