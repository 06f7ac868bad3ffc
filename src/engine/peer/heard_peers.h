#pragma once
// When each peer was last heard of, and in which life. Shard 0 hears the beats; all shards of the
// broker have the same book, the others up to one interval later.
#include <absl/container/flat_hash_map.h>

#include <chrono>
#include <functional>
#include <optional>
#include <vector>

#include "core/base/ids.h"
#include "core/base/uuid.h"

namespace weir::peer {

struct heard_beat {
  node_id node;
  uuid incarnation;
  std::chrono::milliseconds at{};  // steady clock
};

class heard_peers {
 public:
  explicit heard_peers(std::chrono::milliseconds silent_after) : silent_after_(silent_after) {}

  // Once for each silence, when it has lasted long enough; and when a peer has been started again.
  std::function<void(node_id)> on_silent;
  std::function<void(node_id)> on_restarted;

  void hear(const heard_beat& beat);
  // Finds who has fallen silent.
  void look(std::chrono::milliseconds now);
  // Silent from now on, until it is heard again: it does not look as if it were.
  void gone(node_id node);
  // Heard of, and not silent.
  [[nodiscard]] bool audible(node_id node) const;
  void forget(node_id node) { lives_.erase(node); }

  [[nodiscard]] std::optional<std::chrono::milliseconds> last_heard(node_id node) const;
  // Zero: never heard of.
  [[nodiscard]] uuid incarnation(node_id node) const;
  [[nodiscard]] std::vector<heard_beat> since(std::chrono::milliseconds at) const;

 private:
  struct life {
    uuid incarnation;
    uuid before;  // its beats may still be on their way
    std::chrono::milliseconds at{};
    bool silent = false;
  };

  std::chrono::milliseconds silent_after_;
  absl::flat_hash_map<node_id, life> lives_;
};

}  // namespace weir::peer
