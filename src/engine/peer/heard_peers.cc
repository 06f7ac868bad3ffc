#include "engine/peer/heard_peers.h"

#include <algorithm>
#include <utility>

namespace weir::peer {

void heard_peers::hear(const heard_beat& beat) {
  const auto [at, fresh] = lives_.try_emplace(beat.node);
  auto& l = at->second;
  if (!fresh && beat.incarnation == l.before) return;
  const bool restarted = !fresh && l.incarnation != beat.incarnation;
  if (restarted) l.before = l.incarnation;
  l.incarnation = beat.incarnation;
  l.at = std::max(l.at, beat.at);
  l.silent = false;
  if (restarted && on_restarted) on_restarted(beat.node);
}

void heard_peers::look(std::chrono::milliseconds now) {
  std::vector<node_id> silent;  // told of later: the callback may ask us
  for (auto& [node, l] : lives_) {
    if (l.silent || now - l.at < silent_after_) continue;
    l.silent = true;
    silent.push_back(node);
  }
  for (const auto node : silent) {
    if (on_silent) on_silent(node);
  }
}

void heard_peers::gone(node_id node) {
  const auto at = lives_.find(node);
  if (at == lives_.end() || std::exchange(at->second.silent, true)) return;
  if (on_silent) on_silent(node);
}

bool heard_peers::audible(node_id node) const {
  const auto at = lives_.find(node);
  return at != lives_.end() && !at->second.silent;
}

std::optional<std::chrono::milliseconds> heard_peers::last_heard(node_id node) const {
  const auto at = lives_.find(node);
  if (at == lives_.end()) return std::nullopt;
  return at->second.at;
}

uuid heard_peers::incarnation(node_id node) const {
  const auto at = lives_.find(node);
  return at == lives_.end() ? uuid{} : at->second.incarnation;
}

std::vector<heard_beat> heard_peers::since(std::chrono::milliseconds at) const {
  std::vector<heard_beat> out;
  for (const auto& [node, l] : lives_) {
    if (l.at >= at && !l.silent) out.push_back({node, l.incarnation, l.at});
  }
  return out;
}

}  // namespace weir::peer
