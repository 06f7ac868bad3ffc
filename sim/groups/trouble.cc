// What goes wrong.
#include <algorithm>
#include <utility>

#include "sim/groups/world.h"

namespace weir::sim::groups {

void world::start_trouble() {
  brokers_->start_trouble();
  brokers_->trouble(rules_.topics_every, [this] { change_topics(); });
  brokers_->trouble(rules_.admin_every, [this] { administrate(); });
  brokers_->trouble(rules_.come_every, [this] { come_and_go(); });
}

void world::change_topics() {
  if (rules_.streams != 0 && chance_.chance(250'000)) return lose_internal();
  const auto name = fmt::format("t{}", chance_.below(static_cast<std::uint64_t>(rules_.topics)));
  const auto at = topics_.known.find(name);
  std::optional<group::deleted_topic> gone;
  if (at == topics_.known.end())
    return make_topic(name, static_cast<std::int32_t>(chance_.between(1, rules_.partitions)));
  if (chance_.chance(500'000)) {
    ++at->second.partitions;
  } else {
    gone = {name, at->second.id};
    topics_.known.erase(at);
  }
  around_.note("topic {} {}", name, gone ? "goes" : "grows");
  tell_topics(gone);
}

// Each broker hears of it in its own time, and in order.
void world::tell_topics(const std::optional<group::deleted_topic>& gone) {
  for (broker b = 0; b < known_.size(); ++b) {
    events_.after(chance_.between(1, rules_.topic_news_max), [this, b, gone] {
      known_[b].known = topics_.known;
      for (std::size_t l = 0; l < hosts_.size(); ++l) {
        if (gone) host(l, b).topic_deleted(*gone);
        host(l, b).topics_changed();
      }
    });
  }
}

// Deletes a group, or offsets of it; both are for the coordinator to refuse.
void world::administrate() {
  const auto& g = groups_[chance_.below(groups_.size())];
  const auto log = log_of(g.id);
  const auto b = find_coordinator(g.id);
  const auto nobody = [](const std::optional<group::answer>&) {};
  truth_.allow_deletes(g.id);
  if (chance_.chance(500'000)) {
    kafka::delete_groups_request r;
    r.groups_names.push_back(text::copy(g.id));
    return host(log, b).ask(r, 2, "admin", nobody);
  }
  kafka::offset_delete_request r;
  r.group_id = text::copy(g.id);
  auto& t = r.topics.emplace_back();
  t.name = text(fmt::format("t{}", chance_.below(static_cast<std::uint64_t>(rules_.topics))));
  t.partitions.push_back({0});
  host(log, b).ask(r, 0, "admin", nobody);
}

void world::come_and_go() {
  auto& g = groups_[chance_.below(groups_.size())];
  std::vector<client*> here;
  for (auto& c : clients_) {
    if (!c->over() && c->is().group == g.id) here.push_back(c.get());
  }
  if (here.empty() && g.turns && chance_.chance(500'000)) g.streams = !g.streams;
  const bool full = here.size() >= static_cast<std::size_t>(rules_.clients);
  if (here.empty() || (!full && chance_.chance(400'000))) return make_client(g);
  auto& one = *chance_.pick(here);
  switch (chance_.below(4)) {
    case 0:
      return one.leave();
    case 1:
      return one.vanish();
    case 2:
      // The instance starts again; who it was may not know.
      if (one.is().instance && !one.is_leaving()) {
        if (chance_.chance(500'000)) one.vanish();
        return make_client(g, one.is().instance);
      }
      return one.leave();
    default:
      if (!full) make_client(g);
  }
}

}  // namespace weir::sim::groups
