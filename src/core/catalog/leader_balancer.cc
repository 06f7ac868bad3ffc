#include "core/catalog/leader_balancer.h"

#include <absl/container/inlined_vector.h>

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

namespace weir::catalog {
namespace {

// A partition with a leader, and who else could lead it.
struct led {
  partition_key key;
  std::uint32_t topic;  // counted from 0
  node_id leader;
  node_id preferred;  // no_node where it may not lead
  absl::InlinedVector<node_id, 4> others;
};

bool may_lead(const state& s, const broker_facts& facts, const leader_table::entry& now,
              node_id node) {
  return takes_work(s, facts, node) && !now.is_behind(node);
}

class balance {
 public:
  balance(const state& s, const broker_facts& facts, const leader_table& leaders, std::size_t most);
  std::vector<leader_transfer> plan();

 private:
  using path = std::vector<std::pair<std::size_t, node_id>>;  // partition, who leads it next

  void add(const partition_key& key, std::uint32_t topic, const placement& at,
           const leader_table::entry& now);
  bool room(std::size_t count = 1) const { return out_.size() + count <= most_; }
  void evacuate();
  void level();
  void prefer();
  void spread_topics();

  [[nodiscard]] std::size_t load(node_id node) const {
    const auto at = loads_.find(node);
    return at == loads_.end() ? 0 : at->second;
  }
  [[nodiscard]] long topic_load(std::uint32_t topic, node_id node) const {
    const auto at = topic_loads_.find({topic, node});
    return at == topic_loads_.end() ? 0 : at->second;
  }
  // How a transfer ranks among those with the same ends: what it does to preferred replicas, then
  // to the topic's evenness. Lower is better.
  [[nodiscard]] std::pair<long, long> side_effects(const led& p, node_id to) const;
  [[nodiscard]] std::optional<path> shift_from(node_id heaviest) const;
  [[nodiscard]] std::optional<path> circle() const;
  void move(std::size_t at, node_id to);
  void take(const path& p) {
    for (const auto& [at, to] : p) move(at, to);
  }

  std::size_t most_;
  chunked_vector<led> all_;
  std::map<node_id, std::size_t> loads_;  // of all brokers that take work
  std::map<node_id, chunked_vector<std::size_t>> led_by_;
  std::map<std::pair<std::uint32_t, node_id>, long> topic_loads_;
  std::vector<leader_transfer> out_;
};

balance::balance(const state& s, const broker_facts& facts, const leader_table& leaders,
                 std::size_t most)
    : most_(most) {
  for (const auto& [id, b] : s.brokers()) {
    if (takes_work(s, facts, id)) loads_[id] = 0;
  }
  std::uint32_t topic = 0;
  for (const auto& [name, t] : s.topics()) {
    for (std::size_t i = 0; i < t->partitions.size(); ++i) {
      const partition_key key{t->id, static_cast<std::int32_t>(i)};
      const auto* now = leaders.find(key);
      // One that died leads nothing that could be handed over.
      if (!now || now->leader == no_node || !alive(facts, now->leader)) continue;
      const auto& at = t->partitions[i];
      led p{.key = key, .topic = topic, .leader = now->leader, .preferred = no_node, .others = {}};
      for (const auto node : at.wanted()) {
        if (!may_lead(s, facts, *now, node) && node != p.leader) continue;
        if (node == at.wanted().front()) p.preferred = node;
        if (node != p.leader) p.others.push_back(node);
      }
      if (loads_.contains(p.leader)) {
        ++loads_[p.leader];
        ++topic_loads_[{topic, p.leader}];
      }
      led_by_[p.leader].push_back(all_.size());
      all_.push_back(std::move(p));
    }
    ++topic;
  }
}

std::vector<leader_transfer> balance::plan() {
  evacuate();
  level();
  prefer();
  spread_topics();
  return std::move(out_);
}

void balance::move(std::size_t at, node_id to) {
  auto& p = all_[at];
  out_.push_back({p.key, p.leader, to});
  if (loads_.contains(p.leader)) {
    --loads_[p.leader];
    --topic_loads_[{p.topic, p.leader}];
  }
  ++loads_[to];
  ++topic_loads_[{p.topic, to}];
  auto& before = led_by_[p.leader];
  *std::ranges::find(before, at) = before.back();
  before.pop_back();
  led_by_[to].push_back(at);
  // Moved once by this plan: it stays there.
  p.leader = to;
  p.others.clear();
}

std::pair<long, long> balance::side_effects(const led& p, node_id to) const {
  const long preferred = (p.leader == p.preferred ? 1 : 0) - (to == p.preferred ? 1 : 0);
  return {preferred, topic_load(p.topic, to) - topic_load(p.topic, p.leader)};
}

void balance::evacuate() {
  for (std::size_t i = 0; i < all_.size() && room(); ++i) {
    const auto& p = all_[i];
    if (loads_.contains(p.leader) || p.others.empty()) continue;
    const auto best = std::ranges::min_element(p.others, {}, [&](node_id to) {
      return std::tuple(load(to), to != p.preferred, topic_load(p.topic, to), to);
    });
    move(i, *best);
  }
}

// The shortest chain of transfers from the heaviest broker to one that has two less: breadth first
// over brokers, each step by the transfer with the best side effects. Only the ends change.
std::optional<balance::path> balance::shift_from(node_id heaviest) const {
  struct step {
    node_id before;
    std::size_t partition;
  };
  std::map<node_id, step> reached{{heaviest, {heaviest, 0}}};
  std::vector<node_id> queue{heaviest};
  for (std::size_t head = 0; head < queue.size(); ++head) {
    const auto from = queue[head];
    std::map<node_id, std::size_t> best;
    const auto led = led_by_.find(from);
    if (led == led_by_.end()) continue;
    for (const auto i : led->second) {
      for (const auto to : all_[i].others) {
        if (reached.contains(to)) continue;
        const auto [at, fresh] = best.emplace(to, i);
        if (!fresh && side_effects(all_[i], to) < side_effects(all_[at->second], to))
          at->second = i;
      }
    }
    std::vector<std::pair<std::size_t, node_id>> next;
    for (const auto& [to, i] : best) next.emplace_back(load(to), to);
    std::ranges::sort(next);
    for (const auto& [weight, to] : next) {
      reached.emplace(to, step{from, best[to]});
      queue.push_back(to);
      if (weight + 2 > load(heaviest)) continue;
      path out;
      for (auto at = to; at != heaviest; at = reached.at(at).before)
        out.emplace_back(reached.at(at).partition, at);
      return out;
    }
  }
  return std::nullopt;
}

void balance::level() {
  while (room()) {
    std::vector<std::pair<std::size_t, node_id>> order;
    for (const auto& [node, weight] : loads_) order.emplace_back(weight, node);
    std::ranges::sort(order, std::greater<>());
    std::optional<path> found;
    for (const auto& [weight, node] : order) {
      if (weight < order.back().first + 2) break;
      found = shift_from(node);
      if (found && !room(found->size())) found.reset();
      if (found) break;
    }
    if (!found) return;
    take(*found);
  }
}

// Partitions that are not led by their preferred replicas are arrows from who leads to who should.
// Going around a circle of them, all brokers keep their counts; so do all but the ends of a chain
// that goes from one that has one more to one that has one less, which then change places.
std::optional<balance::path> balance::circle() const {
  std::map<node_id, std::map<node_id, std::size_t>> arrows;
  for (std::size_t i = 0; i < all_.size(); ++i) {
    const auto& p = all_[i];
    if (p.others.empty() || p.preferred == no_node || p.preferred == p.leader) continue;
    if (loads_.contains(p.leader)) arrows[p.leader].emplace(p.preferred, i);
  }
  for (const auto& [start, first] : arrows) {
    std::map<node_id, std::pair<node_id, std::size_t>> reached;  // from whom, by which
    std::vector<node_id> queue{start};
    for (std::size_t head = 0; head < queue.size(); ++head) {
      const auto out = arrows.find(queue[head]);
      if (out == arrows.end()) continue;
      for (const auto& [to, i] : out->second) {
        if (!reached.emplace(to, std::pair(queue[head], i)).second) continue;
        queue.push_back(to);
        if (to != start && load(to) + 1 != load(start)) continue;
        path found;
        auto at = to;
        do {
          found.emplace_back(reached.at(at).second, at);
          at = reached.at(at).first;
        } while (at != start);
        return found;
      }
    }
  }
  return std::nullopt;
}

void balance::prefer() {
  while (room()) {
    const auto found = circle();
    // Part of a circle would be a step back, which the next plan might undo.
    if (!found || !room(found->size())) return;
    take(*found);
  }
}

void balance::spread_topics() {
  for (std::size_t i = 0; i < all_.size() && room(); ++i) {
    const auto& p = all_[i];
    if (!loads_.contains(p.leader)) continue;
    for (const auto to : p.others) {
      const auto [preferred, topic] = side_effects(p, to);
      if (load(to) + 1 != load(p.leader) || preferred > 0 || topic > -2) continue;
      move(i, to);
      break;
    }
  }
}

}  // namespace

std::vector<leader_transfer> plan_transfers(const state& s, const broker_facts& facts,
                                            const leader_table& leaders, std::size_t most) {
  return balance(s, facts, leaders, most).plan();
}

preferred_election plan_preferred(const state& s, const broker_facts& facts,
                                  const leader_table& leaders, const partition_key& key) {
  using answer = preferred_election::answer;
  const auto* at = s.find(key);
  if (!at || at->replicas().empty()) return {key, answer::unknown_partition};
  const auto* now = leaders.find(key);
  if (!now || now->leader == no_node || !alive(facts, now->leader))
    return {key, answer::leaderless};
  const auto to = at->wanted().front();
  if (now->leader == to) return {key, answer::not_needed, to, to};
  if (!may_lead(s, facts, *now, to)) return {key, answer::preferred_not_available, now->leader};
  return {key, answer::transfer, now->leader, to};
}

}  // namespace weir::catalog
