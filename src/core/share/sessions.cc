#include "core/share/sessions.h"

#include <algorithm>
#include <limits>

namespace weir::share {

std::expected<share_sessions::session_map::iterator, session_error> share_sessions::at_epoch(
    const session_key& key, std::int32_t epoch) {
  const auto at = sessions_.find(key);
  if (at == sessions_.end()) return std::unexpected(session_error::not_found);
  if (epoch != epoch_last && epoch != at->second.next_epoch && !broken_.any_session_epoch)
    return std::unexpected(session_error::invalid_epoch);
  return at;
}

void share_sessions::change(session& s, std::span<const partition_key> named,
                            std::span<const partition_key> forgotten) {
  for (const auto& key : named) {
    auto& wanted = s.known[key];
    if (!wanted) s.wanted.push_back(key);
    wanted = true;
  }
  for (const auto& key : forgotten) {
    const auto at = s.known.find(key);
    if (at == s.known.end() || !at->second) continue;
    at->second = false;
    std::erase(s.wanted, key);
  }
}

session_turn share_sessions::end(session_map::iterator at) {
  session_turn out;
  out.ended = true;
  out.touched.reserve(at->second.known.size());
  for (const auto& [key, wanted] : at->second.known) out.touched.push_back(key);
  sessions_.erase(at);
  return out;
}

std::expected<session_turn, session_error> share_sessions::fetch(
    const session_key& key, std::int32_t epoch, std::uint64_t connection,
    std::span<const partition_key> named, std::span<const partition_key> forgotten) {
  if (epoch == epoch_first) {
    auto& s = sessions_[key];
    s.next_epoch = 1;
    s.connection = connection;
    s.wanted.clear();
    // What the member had from the session before is its own still.
    for (auto& [partition, wanted] : s.known) wanted = false;
    change(s, named, {});
    return session_turn{.wanted = s.wanted, .began = true};
  }
  const auto at = at_epoch(key, epoch);
  if (!at) return std::unexpected(at.error());
  if (epoch == epoch_last) return end(*at);
  auto& s = (*at)->second;
  s.next_epoch = epoch == std::numeric_limits<std::int32_t>::max() ? 1 : epoch + 1;
  s.connection = connection;
  change(s, named, forgotten);
  // Whoever was first is the last the next time, so that a small budget reaches all.
  if (!s.wanted.empty()) std::ranges::rotate(s.wanted, s.wanted.begin() + 1);
  return session_turn{.wanted = s.wanted};
}

std::expected<session_turn, session_error> share_sessions::acknowledge(const session_key& key,
                                                                       std::int32_t epoch) {
  if (epoch == epoch_first) return std::unexpected(session_error::invalid_epoch);
  const auto at = at_epoch(key, epoch);
  if (!at) return std::unexpected(at.error());
  if (epoch == epoch_last) return end(*at);
  (*at)->second.next_epoch = epoch == std::numeric_limits<std::int32_t>::max() ? 1 : epoch + 1;
  return session_turn{};
}

std::optional<session_turn> share_sessions::closed(const session_key& key,
                                                   std::uint64_t connection) {
  const auto at = sessions_.find(key);
  if (at == sessions_.end() || at->second.connection != connection) return std::nullopt;
  return end(at);
}

}  // namespace weir::share
