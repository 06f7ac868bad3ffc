// What a group's coordinator wants of the share coordinators (engine/coordinator/groups.cc), and
// administrators who alter and delete groups (edge/kafka/share_offsets.cc).
#include <algorithm>
#include <utility>

#include "sim/shares/state_requests.h"
#include "sim/shares/world.h"

namespace weir::sim::shares {

using kafka::error_code;

namespace {

std::vector<share::share_partition> names(const text& group, const group::topic_partitions& of) {
  std::vector<share::share_partition> out;
  of.for_each([&](const partition_key& p) {
    out.push_back({group.str(), p.topic_id, partition_id(p.partition)});
  });
  return out;
}

bool is_gone(error_code code) {
  return code == error_code::none || code == error_code::unknown_topic_or_partition;
}

}  // namespace

void world::carry_out(broker on, const group::share_initialization& what) {
  // What is told from here on comes from outside of the step that wanted it.
  events_.after(1, [this, on, what] {
    const auto begins = [this, on, what](const std::vector<uuid>& gone) {
      tell_forgotten(what.group_id.str(), gone);
      initialize(on, what);
    };
    if (what.forgotten.empty()) return initialize(on, what);
    forget(what.group_id.str(), on, names(what.group_id, what.forgotten), begins);
  });
}

void world::initialize(broker on, const group::share_initialization& what) {
  const auto all = names(what.group_id, what.partitions);
  const auto left = std::make_shared<std::size_t>(all.size());
  const auto done = std::make_shared<group::topic_partitions>();
  for (const auto& p : all) {
    const auto tag = truth_.errand_of({.what = wish::group_begins});
    persisters_[on]->ask(
        log_of(p), begin_of(p, what.state_epoch, no_offset.value()), tag,
        [this, on, p, left, done, epoch = what.state_epoch](const share::answer& a) {
          around_.note("{} begins, epoch {}: {}", str(p), epoch, to_string(code_of(a)));
          if (code_of(a) == error_code::none) done->add({p.topic, p.partition.value()});
          if (--*left != 0 || done->empty()) return;
          group_hosts_[on]->act([&](group::coordinator& c, group::moment now) {
            return c.share_initialized(text(p.group), *done, now);
          });
        });
  }
}

void world::forget(const std::string& group, broker on,
                   const std::vector<share::share_partition>& all,
                   const std::function<void(std::vector<uuid>)>& then) {
  around_.note("states of {} are to go", group);
  const auto left = std::make_shared<std::size_t>(all.size());
  const auto gone = std::make_shared<std::map<uuid, bool>>();
  for (const auto& p : all) {
    (*gone)[p.topic] = true;
    const auto tag = truth_.errand_of({.what = wish::ends});
    persisters_[on]->ask(log_of(p), end_of(p), tag,
                         [this, p, left, gone, then](const share::answer& a) {
                           around_.note("{} goes: {}", str(p), to_string(code_of(a)));
                           if (!is_gone(code_of(a))) (*gone)[p.topic] = false;
                           if (--*left != 0) return;
                           std::vector<uuid> out;
                           for (const auto& [topic, is] : *gone) {
                             if (is) out.push_back(topic);
                           }
                           then(out);
                         });
  }
}

void world::tell_initialized(const std::string& group, const group::topic_partitions& done) {
  group_hosts_[brokers_->find_leader(group_log)]->act(
      [&](group::coordinator& c, group::moment now) {
        return c.share_initialized(text(group), done, now);
      });
}

void world::tell_forgotten(const std::string& group, const std::vector<uuid>& topics) {
  if (topics.empty()) return;
  group_hosts_[brokers_->find_leader(group_log)]->act(
      [&](group::coordinator& c, group::moment now) {
        return c.share_forgotten(text(group), topics, now);
      });
}

std::vector<share::share_partition> world::partitions_of(const std::string& group,
                                                         const group::share_plan& plan) {
  std::vector<share::share_partition> out;
  for (const auto& t : plan.topics) {
    if (t.error != error_code::none) continue;
    for (const auto p : t.partitions) out.push_back({group, t.id, partition_id(p)});
  }
  return out;
}

// Groups with members are not altered; sometimes nobody is left first.
void world::administrate() {
  const auto& g = groups_[chance_.below(groups_.size())];
  if (chance_.chance(700'000)) {
    for (const auto& m : members_) {
      if (m->over() || m->group() != g.id) continue;
      if (chance_.chance(500'000)) {
        m->leave();
      } else {
        m->vanish();
      }
    }
  }
  const auto wait = chance_.between(1, 2 * rules_.session_ms * ms);
  events_.after(wait, [this, &g] {
    if (around_.calm) return;
    switch (chance_.below(4)) {
      case 0:
        return delete_group(g);
      case 1:
        return forget_topic(g);
      default:
        return alter(g);
    }
  });
  events_.after(wait + chance_.between(1, second), [this, &g] {
    if (!around_.calm) make_member(g);
  });
}

void world::alter(const group_of_members& g) {
  const auto number = chance_.below(partitions_.size());
  const auto p = name_of(g.id, number);
  const auto start = chance_.between(0, truth_.data().end({p.topic, p.partition.value()}));
  group::share_plan_request r{.group_id = text(g.id), .wish = group::share_wish::place};
  r.topics.push_back(
      {.name = text(*topics_.name_of(p.topic)), .partitions = {p.partition.value()}});
  ask_group(r, nullptr, [this, g, p, start](const std::optional<group::answer>& a) {
    if (!a) return;
    const auto& plan = std::get<group::share_plan>(*a);
    if (plan.error != error_code::none || partitions_of(g.id, plan).empty()) return;
    around_.note("{} is to begin at {}, epoch {}", str(p), start, plan.state_epoch);
    const auto on = chance_.below(brokers_->count());
    const auto tag = truth_.errand_of({.what = wish::admin_begins});
    persisters_[on]->ask(
        log_of(p), begin_of(p, plan.state_epoch, start), tag, [this, p](const share::answer& told) {
          around_.note("{} is put elsewhere: {}", str(p), to_string(code_of(told)));
          if (code_of(told) != error_code::none) return;
          group::topic_partitions done;
          done.add({p.topic, p.partition.value()});
          tell_initialized(p.group, done);
        });
  });
}

void world::forget_topic(const group_of_members& g) {
  group::share_plan_request r{.group_id = text(g.id), .wish = group::share_wish::forget_topics};
  r.topics.push_back({.name = text(*g.topics.begin())});
  ask_group(r, nullptr, [this, g](const std::optional<group::answer>& a) {
    if (!a) return;
    const auto all = partitions_of(g.id, std::get<group::share_plan>(*a));
    if (all.empty()) return;
    forget(g.id, chance_.below(brokers_->count()), all,
           [this, g](const std::vector<uuid>& gone) { tell_forgotten(g.id, gone); });
  });
}

void world::delete_group(const group_of_members& g) {
  const group::share_plan_request r{.group_id = text(g.id),
                                    .wish = group::share_wish::forget_group};
  const auto ends = [this, id = g.id] {
    around_.note("{} is to go", id);
    kafka::delete_groups_request d;
    d.groups_names.push_back(text(id));
    ask_group(d, nullptr, [](const std::optional<group::answer>&) {});
  };
  ask_group(r, nullptr, [this, g, ends](const std::optional<group::answer>& a) {
    if (!a) return;
    const auto& plan = std::get<group::share_plan>(*a);
    if (plan.error != error_code::none) return;
    const auto all = partitions_of(g.id, plan);
    if (all.empty()) return ends();
    forget(g.id, chance_.below(brokers_->count()), all,
           [this, g, ends, topics = plan.topics.size()](const std::vector<uuid>& gone) {
             tell_forgotten(g.id, gone);
             if (gone.size() == topics) ends();
           });
  });
}

}  // namespace weir::sim::shares
