#pragma once
// How a broker that is new comes to belong to a cluster (docs/decisions/0013-formation.md). On
// shard 0, once in the life of a data directory.
//
// Brokers that are among their own seeds found one: when each has heard from all others that they
// are new, too, and have the same seeds, all of them work out the same founders, node ids and
// cluster id. It can't become two: whoever is missing is waited for, and whoever comes late is told
// by those that have begun. All others join what they find at their seeds.
#include "engine/cluster/calls.h"
#include "engine/cluster/membership.h"
#include "engine/peer/peer_links.h"

namespace weir {

struct formation_facts {
  host_port address;             // of this broker, for others
  std::vector<host_port> seeds;  // as given; its own may be among them
  node_id wished{-1};
};

class formation {
 public:
  formation(formation_facts facts, membership known, peer::peer_links& links);

  // What this broker is, for who asks. Also after it belongs to a cluster.
  [[nodiscard]] peer::who_answer answer() const;
  // Until it belongs to a cluster; `registration` is what it would say of itself there. Fails when
  // interrupted, or where the seeds can't be right.
  seastar::future<membership> run(std::string registration);
  void interrupt() { interrupted_ = true; }

 private:
  using answers = std::vector<std::optional<peer::who_answer>>;

  seastar::future<answers> ask_all();
  seastar::future<bool> follow(const answers& all, const std::string& registration);
  seastar::future<bool> join(node_id by, const std::string& registration);
  bool found(const answers& all);
  void tell_waiting(const answers& all);
  [[nodiscard]] node_id stand_in(std::size_t seed) const {
    return node_id(-2 - static_cast<std::int32_t>(seed));
  }

  formation_facts facts_;
  membership known_;
  peer::peer_links& links_;
  std::vector<std::string> seeds_;  // sorted, each once
  std::vector<host_port> others_;
  bool founder_ = false;
  bool interrupted_ = false;
  std::chrono::steady_clock::time_point told_;
};

}  // namespace weir
