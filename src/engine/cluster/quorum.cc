// How far group 0's replicas are, as its leader sees them.
#include <seastar/core/coroutine.hh>

#include "engine/cluster/cluster.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

constexpr auto call_patience = 2s;

std::int64_t number(log_index index) {
  return static_cast<std::int64_t>(index.value());
}

}  // namespace

seastar::future<peer::quorum_answer> cluster::quorum() {
  return container().invoke_on(0, [](cluster& zero) { return zero.ask_quorum(); });
}

seastar::future<peer::quorum_answer> cluster::ask_quorum() {
  auto mine = quorum_here();
  const auto leader = group0_ ? group0_->leadership().leader : raft::nobody;
  if (mine.leader >= 0 || leader == raft::nobody || leader == settings_.self) co_return mine;
  const auto got = co_await links().call(leader, 0, calls::quorum, {},
                                         seastar::lowres_clock::now() + call_patience);
  if (!got) co_return mine;
  co_return calls::decode<peer::quorum_answer>(*got);
}

peer::quorum_answer cluster::quorum_here() const {
  peer::quorum_answer out;
  out.leader = -1;
  if (!group0_) return out;
  const auto& raft = group0_->core();
  const auto& members = group0_->members().members;
  const bool alone = members.members().size() == 1;
  if (!alone && raft.current_role() != raft::role::leader) return out;
  const auto now = store_.now().value();
  out.leader = settings_.self.value();
  out.term = static_cast<std::int64_t>(raft.current_term().value());
  out.commit = number(raft.commit_index());
  auto& own = out.replicas.emplace_back();
  own.node_id = settings_.self.value();
  own.voter = members.is_voter(settings_.self);
  own.match = number(raft.durable_index());
  own.heard_ms = own.caught_up_ms = now;
  for (const auto& p : group0_->peers()) {
    if (p.node == settings_.self) continue;
    auto& r = out.replicas.emplace_back();
    r.node_id = p.node.value();
    r.voter = p.voter;
    r.match = number(p.match);
    r.heard_ms = r.caught_up_ms = -1;
    // A group that sleeps hears of nobody: its brokers beat for it.
    if (!alive(p.node)) continue;
    r.heard_ms = now - (group0_->asleep() ? 0 : p.silent_for.count());
    if (p.match >= raft.commit_index()) r.caught_up_ms = r.heard_ms;
  }
  return out;
}

}  // namespace weir
