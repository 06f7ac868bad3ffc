// The nodes, disks and network of scenario_test.h.
#include <algorithm>
#include <utility>

#include "core/raft/resting.h"
#include "core/raft/scenario_test.h"

namespace weir::raft::test {

void scenario::start(node_id id) {
  auto& n = nodes_[id];
  stored_state stored{.last_vote = n.last_vote,
                      .base = n.snapshot.last,
                      .last_index = n.log.empty() ? n.snapshot.last.index : n.log.back().head.index,
                      .members = n.snapshot.last.index.value() ? n.snapshot.members : n.initial,
                      .forgotten = n.forgotten,
                      .held = n.held_vote};
  // What compaction took right behind the base is of its term.
  if (!n.log.empty() && n.log.front().head.index > stored.base.index + 1) {
    stored.terms.push_back({stored.base.term, stored.base.index + 1});
  }
  auto next = stored.base.index + 1;
  for (const auto& e : n.log) {
    if (e.head.index > next) stored.committed = e.head.index;
    next = e.head.index + 1;
    if (stored.terms.empty() || stored.terms.back().term != e.head.term) {
      stored.terms.push_back({e.head.term, e.head.index});
    }
    if (e.head.kind == entry_kind::configuration) {
      stored.configurations.push_back({e.head.index, e.members});
    }
  }
  n.core.emplace(id, stored, options_, static_cast<std::uint64_t>(id.value()));
  perform(id, n.core->tick(n.now));
}

void scenario::write(node_id id, const effects& out) {
  auto& n = nodes_[id];
  if (out.held) {
    n.held_vote = *out.held;
    say(fmt::format("  {} holds {}", id, describe(*out.held)));
  }
  if (out.reset) {
    n.snapshot = *out.reset;
    n.forgotten = out.reset->forgotten;
    n.log.clear();
    say(fmt::format("  {} takes the snapshot {} of {}", id, describe(out.reset->last),
                    describe(out.reset->members)));
  }
  if (out.truncate_after) {
    std::erase_if(n.log, [&](const entry& e) { return e.head.index > *out.truncate_after; });
    say(fmt::format("  {} truncates behind {}", id, *out.truncate_after));
  }
  if (out.save_vote) {
    n.last_vote = *out.save_vote;
    say(fmt::format("  {} saves term {}{}", id, n.last_vote.term,
                    n.last_vote.voted_for == nobody
                        ? ""
                        : fmt::format(", vote for {}", n.last_vote.voted_for)));
  }
  auto told = out.configurations.begin();
  for (const auto& head : out.append) {
    entry e{.head = head};
    if (head.kind == entry_kind::configuration) e.members = (told++)->members;
    say(fmt::format("  {} appends {}{}", id, describe(entry_id{head.term, head.index}),
                    head.kind == entry_kind::configuration ? " " + describe(e.members)
                    : head.kind == entry_kind::term_start  ? " (start of term)"
                                                           : ""));
    n.log.push_back(std::move(e));
  }
  if (out.reset || out.truncate_after || out.save_vote || !out.append.empty()) ++n.writes;
}

void scenario::perform(node_id id, const effects& out) {
  auto& n = nodes_[id];
  write(id, out);
  if (out.fault) say(fmt::format("  {} FAULT: {}", id, name(*out.fault)));
  if (out.commit) say(fmt::format("  {} commits {}", id, *out.commit));
  if (out.leadership) {
    say(fmt::format("  {} is {} in term {}{}", id, name(out.leadership->role), out.leadership->term,
                    out.leadership->role == role::follower && out.leadership->leader != nobody
                        ? fmt::format(" of {}", out.leadership->leader)
                        : ""));
  }
  if (out.members) say(fmt::format("  {} has members {}", id, describe(out.members->members)));
  for (const auto learner : out.caught_up) {
    if (n.core->members().members.is_learner(learner)) {
      say(fmt::format("  {} sees learner {} caught up", id, learner));
    }
  }
  for (const auto& r : out.reads) {
    say(fmt::format("  {} answers read {}: {}", id, r.id,
                    r.index ? fmt::format("at {}", *r.index) : "not the leader any more"));
  }
  for (const auto* list : {&out.send, &out.heartbeats, &out.snapshots}) {
    for (const auto& m : *list) post(m);
  }
  for (const auto& m : out.send_once_durable) {
    if (n.stored_writes == n.writes) {
      post(m);
    } else {
      n.held.push_back({n.writes, m});
    }
  }
  for (const auto& request : out.ship) ship(id, request);
}

void scenario::ship(node_id id, const ship_request& request) {
  auto& n = nodes_[id];
  std::vector<entry_head> heads;
  std::vector<placed_configuration> configurations;
  for (const auto& e : n.log) {
    if (e.head.index < request.from || heads.size() == request.entries_max) continue;
    heads.push_back(e.head);
    if (e.head.kind == entry_kind::configuration) {
      configurations.push_back({e.head.index, e.members});
    }
  }
  perform(id, n.core->ship(request.to, request.from, heads, std::move(configurations)));
}

void scenario::post(const message& m) {
  const bool is_cut = std::ranges::find(cut_, std::pair(m.from, m.to)) != cut_.end();
  if (!quiet_) say(fmt::format("  {}{}", describe(m), is_cut ? "  (cut)" : ""));
  if (!is_cut) net_.push_back(m);
}

void scenario::flush(node_id id) {
  auto& n = nodes_[id];
  if (!n.core || n.stored_writes == n.writes) return;
  n.stored_writes = n.writes;
  n.stored_log = n.log;
  n.stored_vote = n.last_vote;
  n.stored_snapshot = n.snapshot;
  n.stored_forgotten = n.forgotten;
  const auto held = std::exchange(n.held, {});
  for (const auto& h : held) post(h.m);
  perform(id, n.core->durable(n.core->last_index()));
}

void scenario::crash(node_id id) {
  auto& n = nodes_[id];
  n.core.reset();
  n.log = n.stored_log;
  n.last_vote = n.stored_vote;
  n.snapshot = n.stored_snapshot;
  n.forgotten = n.stored_forgotten;
  n.writes = n.stored_writes;
  n.held.clear();
  std::erase_if(net_, [&](const message& m) { return m.to == id; });
}

void scenario::deliver_one(std::size_t at) {
  const auto m = net_[at];
  net_.erase(net_.begin() + static_cast<long>(at));
  const auto& core = nodes_[m.to].core;
  if (core && !sleeps_through(*core, m)) perform(m.to, awake(m.to).step(m));
}

consensus& scenario::awake(node_id id) {
  auto& n = nodes_.at(id);
  if (n.core->asleep()) n.core->wake(n.now, n.now);
  return *n.core;
}

void scenario::settle() {
  for (int rounds = 0; rounds < 1000; ++rounds) {
    if (!net_.empty()) {
      deliver_one(0);
      continue;
    }
    const auto dirty = std::ranges::find_if(nodes_, [](const auto& n) {
      return n.second.core && n.second.stored_writes != n.second.writes;
    });
    if (dirty == nodes_.end()) return;
    flush(dirty->first);
  }
  say("  does not settle");
}

void scenario::advance(milliseconds by, const std::vector<node_id>& to) {
  for (const auto id : to) {
    auto& n = nodes_[id];
    n.now += by;
    if (n.core && !n.core->asleep()) perform(id, n.core->tick(n.now));
  }
}

void scenario::state() {
  for (const auto& [id, n] : nodes_) {
    if (!n.core) {
      say(fmt::format("  {} down", id));
      continue;
    }
    const auto& c = *n.core;
    std::string log;
    for (const auto& e : n.log) log += " " + describe(entry_id{e.head.term, e.head.index});
    say(fmt::format("  {} {} term {} commit {} durable {} base {} log{} members {}{}", id,
                    name(c.current_role()), c.current_term(), c.commit_index(), c.durable_index(),
                    describe(c.log().base()), log, describe(c.members().members),
                    c.asleep() ? ", sleeps" : ""));
  }
}

}  // namespace weir::raft::test
