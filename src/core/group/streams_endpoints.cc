// Where members can be asked for the application's state (interactive queries): each of them hears
// of the others' endpoints and the partitions that are there.
#include <map>

#include "core/group/streams_step.h"

namespace weir::group {
namespace {

using kafka::streams_group_heartbeat_response;

template <typename List>
void put_partitions(const streams_member& m, task_role role, const streams_topology& topology,
                    const topic_view& topics, List& to) {
  std::map<text, const subtopology*> by_id;
  for (const auto& s : topology.subtopologies) by_id.emplace(s.id, &s);
  for (const auto& [of, epochs] : m.current.assigned.topics()) {
    const auto at = by_id.find(of.subtopology);
    if (of.role != role || at == by_id.end()) continue;
    const auto tell = [&](const text& name) {
      const auto topic = topics.find(name.view());
      if (!topic) return;
      auto& t = to.emplace_back();
      t.topic = name;
      // Where sources are of different widths, the narrow ones have no part in the last tasks.
      for (const auto& [partition, epoch] : epochs) {
        if (partition < topic->partitions) t.partitions.push_back(partition);
      }
    };
    for (const auto& name : at->second->sources) tell(name);
    for (const auto& t : at->second->repartition_sources) tell(t.name);
  }
}

}  // namespace

void streams_step::tell_endpoints(const request& r, response& to) {
  to.endpoint_information_epoch = group_.endpoint_epoch_;
  // Who joins and has tasks at once hears of them in any case.
  const bool begins = r.member_epoch == joining_epoch && state().has_endpoints() &&
                      !state().find(r.member_id)->current.assigned.empty();
  if (r.endpoint_information_epoch == group_.endpoint_epoch_ && !begins) return;
  auto& all = to.partitions_by_user_endpoint.emplace();
  for (const auto& [id, m] : state().members()) {
    if (!m.metadata.endpoint) continue;
    auto& one = all.emplace_back();
    one.user_endpoint.host = m.metadata.endpoint->host;
    one.user_endpoint.port = m.metadata.endpoint->port;
    const auto& topology = *state().topology();
    put_partitions(m, task_role::active, topology, scene_.topics, one.active_partitions);
    put_partitions(m, task_role::standby, topology, scene_.topics, one.standby_partitions);
  }
}

}  // namespace weir::group
