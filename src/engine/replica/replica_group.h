#pragma once
// What a replica is told of its group when it is opened, and what it tells of it.
#include <seastar/core/semaphore.hh>

#include <cstdint>
#include <stdexcept>

#include "core/raft/consensus.h"
#include "engine/peer/raft_outbox.h"
#include "engine/replica/replica_ticker.h"
#include "engine/store/compaction.h"

namespace weir {

// What all replicas of a shard together read for peers that lag far behind: a broker that comes
// back must not starve producers.
struct catch_up_budget {
  catch_up_budget(std::size_t bytes_at_once, std::function<std::uint64_t()> bytes_per_second)
      : most(bytes_at_once), memory(bytes_at_once), pace(std::move(bytes_per_second)) {}
  std::size_t most;
  seastar::semaphore memory;
  store::io_pace pace;
};

// What a group's log amounts to, where that is kept beside the log so that its front can go.
class log_summary {
 public:
  virtual ~log_summary() = default;
  // Durable, of some entry that is not before the log's base. Nothing: there is none.
  virtual seastar::future<std::optional<fragments>> read() = 0;
  // Made durable, unless what is there is as new, before the log is reset to what came with it.
  // False: it makes no sense.
  virtual seastar::future<bool> take(fragments summary) = 0;
};

struct replica_group {
  node_id self{1};
  // Of a new group; without voters: this replica joins one. Looked at when the replica is made, and
  // never again: from then on its log knows.
  raft::configuration members;
  bool first = false;  // nobody is better suited to lead it: it stands at once where nobody leads
  raft::raft_options options;
  std::uint64_t seed = 0;               // another one on each member
  peer::raft_outbox* outbox = nullptr;  // none: it has no peers
  replica_ticker* ticker = nullptr;     // none: it has no peers
  catch_up_budget* catch_up = nullptr;  // none: no bound
  log_summary* summary = nullptr;       // none: what is cut off was deleted

  [[nodiscard]] static replica_group alone(node_id self) {
    return {.self = self, .members = {.voters = {self}}};
  }
};

// Who waited for a commit where this replica led and does so no longer: whether it will be
// committed is not known here. An idempotent producer asks the new leader again.
struct leadership_lost : std::runtime_error {
  using std::runtime_error::runtime_error;
};

enum class change_error : std::uint8_t {
  not_leader,
  not_serving,    // no entry of this term is committed yet
  in_progress,    // another change, or a transfer
  not_caught_up,  // a new voter is not a learner that keeps up
  bad_target,
};

// One member, as its leader sees it.
struct peer_report {
  node_id node;
  bool voter = false;
  log_index match;         // on its disk
  std::uint64_t lag = 0;   // entries behind the leader's last one
  bool caught_up = false;  // a learner that may become a voter
  raft::flow state = raft::flow::probe;
  raft::milliseconds silent_for{};
};

struct replica_figures {
  std::uint64_t messages_in = 0;
  std::uint64_t messages_out = 0;
  std::uint64_t messages_bad = 0;      // frames that do not check, or other ones than the heads say
  std::uint64_t messages_dropped = 0;  // no room: too many waited, or the device is behind
  std::uint64_t truncations = 0;
  std::uint64_t resets = 0;
  std::uint64_t catch_up_bytes = 0;  // read for peers that lag far behind
};

}  // namespace weir
