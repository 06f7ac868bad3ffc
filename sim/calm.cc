// The phases in which nothing may go wrong any more.
#include "core/raft/describe.h"
#include "sim/world.h"

namespace weir::sim {

void world::quiet_down() {
  troubled_ = false;
  quiet_ = true;
  cut_.clear();
  for (auto& [id, n] : nodes_) {
    n->set_slow(false);
    n->set_clock(100 + around_.chance.between(-std::min<std::int64_t>(rules_.clock_percent, 5),
                                              std::min<std::int64_t>(rules_.clock_percent, 5)));
  }
}

bool world::keeps_majorities(const std::set<node_id>& kept) const {
  return std::ranges::all_of(nodes_, [&](const auto& n) {
    const auto& members = n.second->members();
    return members.voters.empty() ||
           has_majorities(members, [&](node_id id) { return kept.contains(id); });
  });
}

// As many as happen to be left out, as long as every set of voters that somebody goes by could
// still decide.
void world::choose_majority() {
  const auto all = everyone();
  majority_.clear();
  majority_.insert(all.begin(), all.end());
  for (auto tries = around_.chance.below(2 * all.size()); tries > 0; --tries) {
    auto fewer = majority_;
    fewer.erase(around_.chance.pick(all));
    if (keeps_majorities(fewer)) majority_ = fewer;
  }
  for (const auto id : all) {
    if (majority_.contains(id)) {
      restart(id);
      continue;
    }
    const auto way = around_.chance.below(3);
    if (way == 0 && nodes_[id]->up()) {
      nodes_[id]->crash();
    } else {
      restart(id);
      cut(id, true, way == 1);  // hears nothing; perhaps still talks
    }
  }
}

std::string world::what_is_missing() {
  auto* n = leader();
  if (!n) return "nobody leads";
  if (!marker_) {
    const auto wrote = around_.chance.next();
    marker_ = wrote;
    // The answer may come at once.
    n->write({.key = 1'000'000, .value = wrote}, [this, wrote](answer a) {
      if (a.what == outcome::done && marker_ == wrote) marker_done_ = true;
      if (a.what != outcome::done && marker_ == wrote) marker_.reset();
    });
    // Should the leader change it is tried again.
    around_.events.after(2 * second, [this, wrote] {
      if (!marker_done_ && marker_ == wrote) marker_.reset();
    });
  }
  if (!marker_done_) return fmt::format("nothing new is committed by {}", n->id());
  if (n->members().joint()) return fmt::format("{} stays joint", raft::describe(n->members()));
  for (const auto id : n->members().members()) {
    if (!majority_.contains(id)) continue;
    const auto& other = *nodes_[id];
    if (other.core().commit_index() != n->core().last_index()) {
      return fmt::format("{} has {} of {} by {}", id, other.core().commit_index(),
                         n->core().last_index(), n->id());
    }
  }
  return {};
}

void world::tell_states() {
  if (!around_.tell) return;
  for (const auto& [id, n] : nodes_) n->tell_state();
}

void world::converge(const std::string& why) {
  marker_.reset();
  marker_done_ = false;
  // Room for some elections, and for one entry at a time.
  auto last = around_.truth.last();
  for (const auto& [id, n] : nodes_) {
    if (n->up()) last = std::max(last, n->core().last_index());
  }
  const auto entries = static_cast<moment>(last.value()) + 200;
  const auto bound = 20 * second + entries * (8 * ms + rules_.ship_delay_max + rules_.flush_max);
  const auto began = around_.events.now();
  for (;;) {
    const auto missing = what_is_missing();
    if (missing.empty()) break;
    if (around_.events.now() - began > bound) {
      tell_states();
      throw violation(fmt::format("no progress in {} s of {}: {}", bound / second, why, missing));
    }
    advance(20 * ms);
  }
  phases_.push_back(fmt::format("{:<9} {} of {} nodes agreed after {} ms", why, majority_.size(),
                                nodes_.size() + lost_.size(), (around_.events.now() - began) / ms));
}

void world::heal() {
  phase_ = "healing";
  quiet_down();
  for (auto& [id, n] : nodes_) {
    restart(id);
    majority_.insert(id);
  }
  clients_stopped_ = true;
  converge("healing");
  // A late order to stand for election is no disturbance, nor a late start after a crash.
  advance(rules_.late_max + rules_.down_max + second);
  majority_.clear();
}

// Nobody asks for anything.
void world::rest() {
  phase_ = "resting";
  const auto* n = leader();
  if (!n) return;
  const auto members = n->members();
  // One that was removed and never heard of it asks for ever: its broker would delete it.
  for (const auto& [id, other] : nodes_) {
    if (!members.is_member(id)) other->crash();
  }
  advance(100 * ms);  // what it still said
  // Members that are gone for ever are waited for first.
  const auto sleeps = [&](node_id id) { return lost_.contains(id) || nodes_.at(id)->asleep(); };
  const auto began = around_.events.now();
  while (!std::ranges::all_of(members.members(), sleeps)) {
    if (around_.events.now() - began > 20 * second) {
      tell_states();
      throw violation("an idle group does not rest");
    }
    advance(20 * ms);
  }
  const auto took = (around_.events.now() - began) / ms;
  const auto messages = around_.messages;
  const auto flushes = around_.flushes;
  advance(3 * second);
  if (around_.messages != messages || around_.flushes != flushes) {
    throw violation(fmt::format("an idle group sent {} messages and flushed {} times",
                                around_.messages - messages, around_.flushes - flushes));
  }
  phases_.push_back(
      fmt::format("resting   asleep after {} ms, then neither message nor flush", took));
}

void world::flap() {
  phase_ = "flapping";
  auto* n = leader();
  if (!n || n->members().voters.size() < 3) return;
  std::vector<node_id> others = n->members().voters;
  // With the flapping one and those that are lost a majority must be left.
  std::erase_if(others, [&](node_id id) { return id == n->id() || lost_.contains(id); });
  const auto away = around_.chance.pick(others);
  if (!has_majorities(n->members(),
                      [&](node_id id) { return id != away && !lost_.contains(id); })) {
    return;
  }
  const auto term = n->core().current_term();
  const bool deaf_only = around_.chance.chance(300'000);
  for (int i = 0; i < 6; ++i) {
    cut(away, true, !deaf_only);
    advance(around_.chance.between(100, 1200) * ms);
    cut_.clear();
    advance(around_.chance.between(10, 300) * ms);
  }
  if (!n->leads() || n->core().current_term() != term) {
    throw violation(
        fmt::format("{} led term {} in peace until the link of {} flapped", n->id(), term, away));
  }
  phases_.push_back(fmt::format("flapping  {} led through it", n->id()));
}

void world::calm() {
  phase_ = "calm";
  choose_majority();
  converge("calm");
  read_all();
}

// What is committed is readable on every node of the majority, from its start to the end.
void world::read_all() {
  const auto* n = leader();
  for (const auto id : n->members().members()) {
    if (!majority_.contains(id)) continue;
    const auto& other = *nodes_[id];
    auto at = other.log_start();
    for (;;) {
      const auto some = other.fetch(at, 500);
      if (some.empty()) break;
      for (const auto& e : some) {
        around_.truth.read(id, e, at);
        at = e.head.first_offset + e.head.offset_count;
      }
    }
    around_.truth.keys(id, other.state().registers());
    if (at != around_.truth.next_offset()) {
      throw violation(
          fmt::format("{} gives offsets up to {} of {}", id, at, around_.truth.next_offset()));
    }
  }
}

}  // namespace weir::sim
