#include "core/catalog/leader_balancer.h"

#include <absl/container/inlined_vector.h>

#include <algorithm>
#include <map>
#include <optional>
#include <span>
#include <tuple>

namespace weir::catalog {
namespace {

// Brokers are counted from 0, in the order of their ids: what is asked for most is an array's
// element.
using index = std::uint32_t;
constexpr index nobody = UINT32_MAX;

// A partition with a leader, and who else could lead it.
struct led {
  partition_key key;
  std::uint32_t topic;
  index leader;
  index preferred = nobody;  // where it may lead
  absl::InlinedVector<index, 4> others;
};

struct step {
  std::uint32_t partition;
  index to;  // who leads it next
};
using path = std::vector<step>;

class balance {
 public:
  balance(const state& s, const broker_facts& facts, const leader_table& leaders, std::size_t most,
          const breath& b);
  std::vector<leader_transfer> plan();

 private:
  // From each broker, to each: the partitions that should be led there.
  using arrows = std::vector<std::map<index, chunked_vector<std::uint32_t>>>;

  void list_brokers(const state& s, const broker_facts& facts);
  void add(const partition_key& key, std::uint32_t topic, std::span<const node_id> replicas,
           const leader_table::entry& now);
  [[nodiscard]] index index_of(node_id node) const;
  [[nodiscard]] bool room(std::size_t count = 1) const { return out_.size() + count <= most_; }
  [[nodiscard]] std::int32_t& topic_load(std::uint32_t topic, index node) {
    return topic_loads_[topic * nodes_.size() + node];
  }
  // How a transfer ranks among those with the same ends: what it does to preferred replicas, then
  // to the topic's evenness. Lower is better.
  std::pair<int, int> side_effects(const led& p, index to) {
    const int preferred = (p.leader == p.preferred ? 1 : 0) - (to == p.preferred ? 1 : 0);
    return {preferred, topic_load(p.topic, to) - topic_load(p.topic, p.leader)};
  }

  void evacuate();
  void level();
  void prefer();
  void spread_topics();
  std::optional<path> shift_from(index heaviest);
  std::vector<std::pair<std::size_t, index>> next_from(index from, const std::vector<step>& reached,
                                                       std::vector<std::uint32_t>& best);
  [[nodiscard]] std::optional<path> circle(const arrows& all) const;
  void move(std::uint32_t at, index to);
  void take(const path& steps) {
    for (const auto& [at, to] : steps) move(at, to);
  }

  std::size_t most_;
  const breath& breath_;
  std::vector<node_id> nodes_;
  std::vector<char> takes_work_;
  std::vector<std::size_t> loads_;  // partitions led
  std::vector<chunked_vector<std::uint32_t>> led_by_;
  chunked_vector<led> all_;
  chunked_vector<std::int32_t> topic_loads_;
  std::vector<leader_transfer> out_;
};

balance::balance(const state& s, const broker_facts& facts, const leader_table& leaders,
                 std::size_t most, const breath& b)
    : most_(most), breath_(b) {
  list_brokers(s, facts);
  topic_loads_.resize(s.topics().size() * nodes_.size());
  std::uint32_t topic = 0;
  for (const auto& [name, t] : s.topics()) {
    for (std::size_t i = 0; i < t->partitions.size(); ++i) {
      const partition_key key{t->id, static_cast<std::int32_t>(i)};
      const auto* now = leaders.find(key);
      // One that died leads nothing that could be handed over.
      if (now && alive(facts, now->leader)) add(key, topic, t->partitions[i].wanted(), *now);
      breath_.step();
    }
    ++topic;
  }
}

void balance::list_brokers(const state& s, const broker_facts& facts) {
  for (const auto& [id, b] : s.brokers()) nodes_.push_back(id);
  for (const auto& [id, f] : facts) {
    if (!s.find_broker(id)) nodes_.push_back(id);
  }
  std::ranges::sort(nodes_);
  for (const auto id : nodes_) takes_work_.push_back(takes_work(s, facts, id) ? 1 : 0);
  loads_.resize(nodes_.size());
  led_by_.resize(nodes_.size());
}

index balance::index_of(node_id node) const {
  const auto at = std::ranges::lower_bound(nodes_, node);
  return at != nodes_.end() && *at == node ? static_cast<index>(at - nodes_.begin()) : nobody;
}

void balance::add(const partition_key& key, std::uint32_t topic, std::span<const node_id> replicas,
                  const leader_table::entry& now) {
  led p{.key = key, .topic = topic, .leader = index_of(now.leader), .others = {}};
  for (const auto node : replicas) {
    const auto at = index_of(node);
    if (at == nobody) continue;
    const bool may_lead = takes_work_[at] != 0 && !now.is_behind(node);
    if (!may_lead && at != p.leader) continue;
    if (node == replicas.front()) p.preferred = at;
    if (at != p.leader) p.others.push_back(at);
  }
  ++loads_[p.leader];
  ++topic_load(topic, p.leader);
  led_by_[p.leader].push_back(static_cast<std::uint32_t>(all_.size()));
  all_.push_back(std::move(p));
}

std::vector<leader_transfer> balance::plan() {
  evacuate();
  level();
  prefer();
  spread_topics();
  return std::move(out_);
}

void balance::move(std::uint32_t at, index to) {
  auto& p = all_[at];
  out_.push_back({p.key, nodes_[p.leader], nodes_[to]});
  --loads_[p.leader];
  --topic_load(p.topic, p.leader);
  ++loads_[to];
  ++topic_load(p.topic, to);
  auto& before = led_by_[p.leader];
  *std::ranges::find(before, at) = before.back();
  before.pop_back();
  led_by_[to].push_back(at);
  // Moved once by this plan: it stays there.
  p.leader = to;
  p.others.clear();
}

void balance::evacuate() {
  for (std::uint32_t i = 0; i < all_.size() && room(); ++i) {
    breath_.step();
    const auto& p = all_[i];
    if (takes_work_[p.leader] != 0 || p.others.empty()) continue;
    const auto best = std::ranges::min_element(p.others, {}, [&](index to) {
      return std::tuple(loads_[to], to != p.preferred, topic_load(p.topic, to), to);
    });
    move(i, *best);
  }
}

// Who can be given a leader by `from` and was not reached yet, the least loaded first; by which
// partition, in `best`.
std::vector<std::pair<std::size_t, index>> balance::next_from(index from,
                                                              const std::vector<step>& reached,
                                                              std::vector<std::uint32_t>& best) {
  std::ranges::fill(best, nobody);
  for (const auto i : led_by_[from]) {
    breath_.step();
    for (const auto to : all_[i].others) {
      if (reached[to].to != nobody) continue;
      if (best[to] == nobody || side_effects(all_[i], to) < side_effects(all_[best[to]], to))
        best[to] = i;
    }
  }
  std::vector<std::pair<std::size_t, index>> out;
  for (index to = 0; to < nodes_.size(); ++to) {
    if (best[to] != nobody) out.emplace_back(loads_[to], to);
  }
  std::ranges::sort(out);
  return out;
}

// The shortest chain of transfers from the heaviest broker to one that has two less: breadth first
// over brokers, each step by the transfer with the best side effects. Only the ends change.
std::optional<path> balance::shift_from(index heaviest) {
  std::vector<step> reached(nodes_.size(), step{0, nobody});  // `to` is who comes before
  reached[heaviest].to = heaviest;
  std::vector<std::uint32_t> best(nodes_.size());
  std::vector<index> queue{heaviest};
  for (std::size_t head = 0; head < queue.size(); ++head) {
    const auto from = queue[head];
    for (const auto& [weight, to] : next_from(from, reached, best)) {
      reached[to] = {best[to], from};
      queue.push_back(to);
      if (weight + 2 > loads_[heaviest]) continue;
      path out;
      for (auto at = to; at != heaviest; at = reached[at].to)
        out.push_back({reached[at].partition, at});
      return out;
    }
  }
  return std::nullopt;
}

void balance::level() {
  while (room()) {
    std::vector<std::pair<std::size_t, index>> order;
    for (index node = 0; node < nodes_.size(); ++node) {
      if (takes_work_[node] != 0) order.emplace_back(loads_[node], node);
    }
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
std::optional<path> balance::circle(const arrows& all) const {
  for (index start = 0; start < nodes_.size(); ++start) {
    std::vector<step> reached(nodes_.size(), step{0, nobody});  // `to` is who comes before
    std::vector<index> queue{start};
    for (std::size_t head = 0; head < queue.size(); ++head) {
      for (const auto& [to, partitions] : all[queue[head]]) {
        if (partitions.empty() || reached[to].to != nobody) continue;
        reached[to] = {partitions.back(), queue[head]};
        queue.push_back(to);
        if (to != start && loads_[to] + 1 != loads_[start]) continue;
        path found;
        auto at = to;
        do {
          found.push_back({reached[at].partition, at});
          at = reached[at].to;
        } while (at != start);
        return found;
      }
    }
  }
  return std::nullopt;
}

void balance::prefer() {
  arrows all(nodes_.size());
  for (std::uint32_t i = 0; i < all_.size(); ++i) {
    breath_.step();
    const auto& p = all_[i];
    if (p.others.empty() || p.preferred == nobody || p.preferred == p.leader) continue;
    if (takes_work_[p.leader] != 0) all[p.leader][p.preferred].push_back(i);
  }
  while (room()) {
    const auto found = circle(all);
    // Part of a circle would be a step back, which the next plan might undo.
    if (!found || !room(found->size())) return;
    for (const auto& [at, to] : *found) all[all_[at].leader][to].pop_back();
    take(*found);
  }
}

void balance::spread_topics() {
  for (std::uint32_t i = 0; i < all_.size() && room(); ++i) {
    breath_.step();
    const auto& p = all_[i];
    if (takes_work_[p.leader] == 0) continue;
    for (const auto to : p.others) {
      const auto [preferred, topic] = side_effects(p, to);
      if (loads_[to] + 1 != loads_[p.leader] || preferred > 0 || topic > -2) continue;
      move(i, to);
      break;
    }
  }
}

}  // namespace

std::vector<leader_transfer> plan_transfers(const state& s, const broker_facts& facts,
                                            const leader_table& leaders, std::size_t most,
                                            const breath& b) {
  return balance(s, facts, leaders, most, b).plan();
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
  if (!takes_work(s, facts, to) || now->is_behind(to))
    return {key, answer::preferred_not_available, now->leader};
  return {key, answer::transfer, now->leader, to};
}

}  // namespace weir::catalog
