#include "edge/admin/cluster_metrics.h"

#include <seastar/core/lowres_clock.hh>
#include <seastar/core/metrics.hh>

#include <memory>

namespace weir::edge {
namespace {

namespace sm = seastar::metrics;
using namespace std::chrono_literals;

// The gauges of one scrape share one walk over all partitions.
class seen_health {
 public:
  explicit seen_health(const cluster& state) : state_(&state) {}
  const catalog::cluster_health& now() {
    const auto now = seastar::lowres_clock::now();
    if (!looked_ || now - *looked_ > 1s) {
      health_ = catalog::health_of(state_->catalog(), state_->facts(), state_->leaders());
      looked_ = now;
    }
    return health_;
  }

 private:
  const cluster* state_;
  std::optional<seastar::lowres_clock::time_point> looked_;
  catalog::cluster_health health_;
};

template <typename Value>
auto summed(const cluster& state, Value value) {
  return [&state, value] {
    std::uint64_t sum = 0;
    for (const auto& [key, r] : state.replicas()) sum += value(*r);
    return sum;
  };
}

// One that has nobody to ask leads whenever it is asked.
bool leads(const replica& r) {
  return r.core().current_role() == raft::role::leader || r.members().members.members().size() == 1;
}

}  // namespace

void add_cluster_metrics(sm::metric_groups& groups, const cluster& state) {
  const auto health = std::make_shared<seen_health>(state);
  const auto figure = [&](const char* name, auto value, const char* what) {
    return sm::make_gauge(
        name, [health, value] { return value(health->now()); }, sm::description(what));
  };
  using catalog::cluster_health;
  groups.add_group(
      "cluster",
      {figure(
           "brokers", [](const cluster_health& h) { return h.brokers; }, "Registered brokers"),
       figure(
           "brokers_up", [](const cluster_health& h) { return h.brokers - h.down.size(); },
           "And of those, the ones that this broker hears of"),
       figure(
           "brokers_in_maintenance",
           [](const cluster_health& h) { return h.in_maintenance.size(); },
           "Brokers in maintenance mode"),
       figure(
           "brokers_draining", [](const cluster_health& h) { return h.decommissions.size(); },
           "Brokers that are being decommissioned"),
       figure(
           "partitions", [](const cluster_health& h) { return h.partitions; },
           "Partitions of all topics"),
       figure(
           "leaderless_partitions", [](const cluster_health& h) { return h.leaderless.count; },
           "Partitions that nobody who is up is known to lead"),
       figure(
           "offline_partitions", [](const cluster_health& h) { return h.offline.count; },
           "Partitions of which too few replicas are up to elect a leader"),
       figure(
           "under_replicated_partitions",
           [](const cluster_health& h) { return h.under_replicated.count; },
           "Partitions with a replica that is down or behind"),
       figure(
           "reassigning_partitions", [](const cluster_health& h) { return h.reassigning; },
           "Partitions on their way to other brokers"),
       sm::make_gauge(
           "is_controller",
           [&state] { return state.controller() == state.settings().self ? 1 : 0; },
           sm::description("1: this broker leads the cluster"))});
}

void add_raft_metrics(sm::metric_groups& groups, const cluster& state) {
  const auto figure = [&](const char* name, auto member, const char* what) {
    return sm::make_counter(
        name, summed(state, [member](const replica& r) { return r.figures().*member; }),
        sm::description(what));
  };
  groups.add_group(
      "raft",
      {sm::make_gauge("leaders", summed(state, [](const replica& r) { return leads(r) ? 1U : 0U; }),
                      sm::description("Partitions of this shard that this broker leads")),
       sm::make_gauge("leaderless",
                      summed(state,
                             [](const replica& r) {
                               return !leads(r) && r.leadership().leader == raft::nobody ? 1U : 0U;
                             }),
                      sm::description("Those whose leader this broker does not know")),
       sm::make_gauge("asleep",
                      summed(state, [](const replica& r) { return r.asleep() ? 1U : 0U; }),
                      sm::description("Those with nothing to do, which send no heartbeats")),
       sm::make_gauge(
           "terms", summed(state, [](const replica& r) { return r.core().current_term().value(); }),
           sm::description("Sum of their terms: grows with every election")),
       sm::make_gauge(
           "out_of_service",
           summed(state, [](const replica& r) { return r.out_of_service().empty() ? 0U : 1U; }),
           sm::description("Those that take no part any more: the log says why")),
       figure("messages_in", &replica_figures::messages_in, "Messages of other members taken"),
       figure("messages_out", &replica_figures::messages_out, "Messages sent to other members"),
       figure("messages_bad", &replica_figures::messages_bad,
              "Messages whose frames do not check, or are other ones than they say"),
       figure("messages_dropped", &replica_figures::messages_dropped,
              "Messages for which there was no room: they are sent again"),
       figure("truncations", &replica_figures::truncations,
              "Times that entries another leader does not have were cut off"),
       figure("resets", &replica_figures::resets,
              "Times that a replica lagged so far that it began anew"),
       figure("catch_up_bytes", &replica_figures::catch_up_bytes,
              "Bytes read for members that lag far behind")});
}

}  // namespace weir::edge
