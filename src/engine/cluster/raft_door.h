#pragma once
// Where messages of other brokers come in, on each shard.
#include "engine/cluster/cluster.h"

namespace weir {

class cluster::raft_door final : public peer::raft_inbox {
 public:
  explicit raft_door(cluster& of) : of_(of) {}
  void receive(peer::raft_post p) override {
    if (auto* r = of_.replica_of(p.group)) r->receive(std::move(p));
  }
  seastar::future<bool> receive_snapshot(peer::raft_post p, fragments state) override {
    auto* r = of_.replica_of(p.group);
    if (!r) co_return false;
    const auto use = r->use();
    co_return co_await r->receive_snapshot(std::move(p), std::move(state));
  }

 private:
  cluster& of_;
};

}  // namespace weir
