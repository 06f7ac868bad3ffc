#pragma once
// Share sessions (KIP-932): a member names the partitions that it reads from a broker once, later
// requests only what changed; epochs keep its requests in order. Pure. Ends with the member's word
// or its connection.
//
// Entry points: fetch, acknowledge, closed.
#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "core/base/partition_key.h"
#include "core/share/defects.h"

namespace weir::share {

struct session_key {
  std::string group;
  std::string member;
  auto operator<=>(const session_key&) const = default;
};

enum class session_error : std::uint8_t {
  not_found,
  invalid_epoch,
};

// What a request is about once its session was looked at.
struct session_turn {
  std::vector<partition_key> wanted;  // in the order to serve
  bool began = false;                 // all of it is to be answered
  bool ended = false;
  std::vector<partition_key> touched;  // of one that ended: wherever the member may have records
};

class share_sessions {
 public:
  static constexpr std::int32_t epoch_first = 0;
  static constexpr std::int32_t epoch_last = -1;

  explicit share_sessions(const defects& broken = {}) : broken_(broken) {}

  // Whether the request would make a session that is not there.
  [[nodiscard]] bool begins(const session_key& key, std::int32_t epoch) const {
    return epoch == epoch_first && !sessions_.contains(key);
  }
  // `connection` names who asks; a session that begins anew is his.
  std::expected<session_turn, session_error> fetch(const session_key& key, std::int32_t epoch,
                                                   std::uint64_t connection,
                                                   std::span<const partition_key> named,
                                                   std::span<const partition_key> forgotten);
  std::expected<session_turn, session_error> acknowledge(const session_key& key,
                                                         std::int32_t epoch);
  // The connection is gone. Nothing: the session is another one's by now, or over.
  std::optional<session_turn> closed(const session_key& key, std::uint64_t connection);

  [[nodiscard]] std::size_t size() const { return sessions_.size(); }

 private:
  struct in_order {
    bool operator()(const partition_key& a, const partition_key& b) const {
      return std::tie(a.topic_id, a.partition) < std::tie(b.topic_id, b.partition);
    }
  };
  struct session {
    std::int32_t next_epoch = 1;
    std::uint64_t connection = 0;
    std::vector<partition_key> wanted;
    std::map<partition_key, bool, in_order> known;  // true: it is wanted
  };
  using session_map = std::map<session_key, session>;

  std::expected<session_map::iterator, session_error> at_epoch(const session_key& key,
                                                               std::int32_t epoch);
  session_turn end(session_map::iterator at);
  static void change(session& s, std::span<const partition_key> named,
                     std::span<const partition_key> forgotten);

  [[no_unique_address]] defects broken_;
  session_map sessions_;
};

}  // namespace weir::share
