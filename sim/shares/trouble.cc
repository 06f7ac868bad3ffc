// What goes wrong with members and records; and how a run ends: nothing goes wrong any more, and
// every record is done.
#include "sim/shares/world.h"

namespace weir::sim::shares {
namespace {

constexpr moment settling = 60 * second;

}  // namespace

void world::start_trouble() {
  brokers_->start_trouble();
  brokers_->trouble(rules_.produce_every,
                    [this] { partitions_[chance_.below(partitions_.size())]->produce(); });
  brokers_->trouble(rules_.delete_every,
                    [this] { partitions_[chance_.below(partitions_.size())]->delete_some(); });
  brokers_->trouble(rules_.compact_data_every,
                    [this] { partitions_[chance_.below(partitions_.size())]->compact_one(); });
  brokers_->trouble(rules_.admin_every, [this] { administrate(); });
  sweep();
  brokers_->trouble(rules_.come_every, [this] { come_and_go(); });
}

void world::sweep() {
  for (auto& b : share_brokers_) b->sweep();
  events_.after(400 * ms, [this] { sweep(); });
}

void world::come_and_go() {
  const auto& g = groups_[chance_.below(groups_.size())];
  std::vector<member*> here;
  for (auto& m : members_) {
    if (!m->over() && m->group() == g.id) here.push_back(m.get());
  }
  const bool full = here.size() >= static_cast<std::size_t>(rules_.members);
  if (here.empty() || (!full && chance_.chance(500'000))) return make_member(g);
  auto& one = *chance_.pick(here);
  if (chance_.chance(500'000)) return one.leave();
  one.vanish();
}

void world::settle() {
  around_.calm = true;
  around_.note("calm");
  brokers_->heal();
  for (const auto& g : groups_) {
    bool any = false;
    for (const auto& m : members_)
      any = any || (!m->over() && m->group() == g.id && !m->is_leaving());
    if (!any) make_member(g);
  }
  const auto until = events_.now() + settling;
  // All that was late has arrived by then.
  events_.run_until(events_.now() + rules_.late_max + 500 * ms);
  while (!unfinished().empty() && events_.now() < until)
    events_.run_until(events_.now() + 100 * ms);
  if (const auto what = unfinished(); !what.empty())
    throw violation("it does not come to rest: " + what);
}

std::string world::unfinished() {
  for (std::size_t l = 0; l < brokers_->logs(); ++l) {
    if (!brokers_->log(l).is_led()) return fmt::format("nobody leads log {}", l);
  }
  for (const auto& g : groups_) {
    if (const auto what = unfinished(g); !what.empty()) return what;
  }
  return {};
}

// All that is there is done, as it is stored.
std::string world::unfinished(const group_of_members& g) {
  for (std::size_t i = 0; i < partitions_.size(); ++i) {
    const auto p = name_of(g.id, i);
    if (!g.topics.contains(*topics_.name_of(p.topic))) continue;
    const auto& s = truth_.stored().of(p);
    if (!s.there || s.start == -1) return fmt::format("{} has not begun", str(p));
    const auto end = truth_.data().end(partitions_[i]->key());
    for (auto o = s.start; o < end; ++o) {
      if (!s.is_done(o) && !truth_.data().gone(partitions_[i]->key(), o))
        return fmt::format("of {} record {} of {} is not done", str(p), o, end);
    }
  }
  return {};
}

}  // namespace weir::sim::shares
