// How a node performs effects: the log first, then news, then the network.
#include "core/base/check.h"
#include "core/raft/describe.h"
#include "sim/node.h"

namespace weir::sim {

void node::perform(const raft::effects& out) {
  if (out.fault) {
    throw violation(fmt::format("{} reports: {}", id_, raft::name(*out.fault)));
  }
  perform_log(out);
  perform_news(out);
  perform_network(out);
  flush();
  around_->hash = mix(around_->hash, static_cast<std::uint64_t>(around_->events.now()));
  around_->hash = mix(around_->hash, static_cast<std::uint64_t>(id_.value()));
  around_->hash =
      mix(around_->hash, core_->current_term().value() ^ (core_->commit_index().value() << 20U) ^
                             (core_->last_index().value() << 40U));
}

void node::perform_log(const raft::effects& out) {
  const auto before = writes_;
  if (out.reset) {
    const auto& to = incoming_->state;
    weir_check(to && to->last == out.reset->last, "a snapshot came without its state");
    say(fmt::format("takes the state at {}", raft::describe(to->last)));
    if (to->last.index < applied_.last().index && !out.reset->starts_over) {
      throw violation(fmt::format("{} takes the state at {}, having applied {}", id_,
                                  to->last.index, applied_.last().index));
    }
    forget_after(base_.index);
    auto taken = std::make_shared<snapshot>(*to);
    taken->members = out.reset->members;
    snapshot_ = std::move(taken);
    base_ = to->last;
    if (out.held) disk_.hold(*out.held);
    disk_.reset(snapshot_, out.reset->forgotten);
    applied_.take(*snapshot_);
    applied_members_ = snapshot_->members;
    if (applied_.whole()) around_->truth.state(id_, base_.index, applied_.chain());
    rebuild_producers();
    durable_ = base_.index;
    flush_index_ = {};
    ++writes_;
  }
  if (out.truncate_after) {
    say(fmt::format("truncates behind {}", *out.truncate_after));
    if (applied_.last().index > *out.truncate_after) {
      throw violation(fmt::format("{} truncates behind {}, having applied {}", id_,
                                  *out.truncate_after, applied_.last().index));
    }
    forget_after(*out.truncate_after);
    disk_.truncate_after(last(), next_offset());
    ++writes_;
  }
  if (out.save_vote && !around_->rules.broken.vote_not_saved) {
    disk_.save_vote({.term = out.save_vote->term, .voted_for = out.save_vote->voted_for});
    ++writes_;
  }
  append(out);
  if (out.members) members_ = *out.members;
  if (writes_ != before) check_members();
}

void node::forget_after(log_index last) {
  const auto from = last + 1;
  for (auto w = waiting_.lower_bound(from); w != waiting_.end(); w = waiting_.erase(w)) {
    w->second.reply({outcome::unknown});
  }
  while (!log_.empty() && log_.back().head.index > last) log_.pop_back();
  durable_ = std::min(durable_, last);
  flush_index_ = std::min(flush_index_, last);
  if (!producers_.truncate(from)) rebuild_producers();
}

void node::append(const raft::effects& out) {
  auto told = out.configurations.begin();
  for (const auto& head : out.append) {
    entry e;
    if (proposed_ && head.index == proposed_->head.index && head.kind == raft::entry_kind::data) {
      e = *proposed_;
    } else if (incoming_ && std::holds_alternative<raft::append_request>(incoming_->m.body)) {
      e = *std::ranges::lower_bound(incoming_->entries, head.index, {},
                                    [](const entry& one) { return one.head.index; });
    } else {
      auto own = head;
      own.first_offset = next_offset();
      e = head.kind == raft::entry_kind::configuration
              ? make_entry(own, log::frame_kind::configuration, raft::encode(told->members))
              : make_entry(own, log::frame_kind::term_start, {});
    }
    if (head.kind == raft::entry_kind::configuration) ++told;
    const bool hole = e.head.index > last() + 1;
    if (e.head.index <= last() ||
        (hole ? e.head.first_offset <= next_offset() : e.head.first_offset != next_offset())) {
      throw violation(fmt::format("{} appends {} at offset {}, {} at offset {} come next", id_,
                                  e.head.index, e.head.first_offset, last() + 1, next_offset()));
    }
    disk_.append(e);
    count_batch(producers_, e);
    log_.push_back(std::move(e));
    ++writes_;
  }
}

// Section 4.1: in effect is the last configuration in the log.
void node::check_members() const {
  for (auto e = log_.rbegin(); e != log_.rend(); ++e) {
    if (e->kind != log::frame_kind::configuration) {
      // Further back than this costs more than it tells.
      if (last() - e->head.index > 50) return;
      continue;
    }
    if (core_->members().index != e->head.index) {
      throw violation(fmt::format("{} goes by the configuration at {}, the last one is at {}", id_,
                                  core_->members().index, e->head.index));
    }
    return;
  }
  if (core_->members().index > base_.index) {
    throw violation(fmt::format("{} goes by a configuration at {}, which it does not have", id_,
                                core_->members().index));
  }
}

void node::perform_news(const raft::effects& out) {
  if (out.leadership) {
    say(fmt::format("is {} in term {}", raft::name(out.leadership->role), out.leadership->term));
    unheard_.reset();
    if (out.leadership->role == raft::role::leader) {
      // Its own only voter leads before its vote is on disk, as long as nobody hears of it: should
      // it crash before, that term was never led.
      const auto& m = members_.members;
      const bool alone = !m.joint() && m.voters.size() == 1 && m.voters.front() == id_;
      unheard_ = unheard{out.leadership->term, m, alone ? writes_ : 0};
      come_to_be_heard();
    }
  }
  if (out.commit) {
    if (*out.commit > last()) {
      throw violation(fmt::format("{} commits {} of {}", id_, *out.commit, last()));
    }
    if (leads() && *out.commit > base_.index) {
      const auto& e = at(*out.commit).head;
      around_->truth.committed_by(id_, core_->current_term(), {e.term, e.index}, members_.members,
                                  around_->stored);
    }
    apply_through(*out.commit);
  }
  for (const auto& r : out.reads) {
    const auto found = reads_.find(r.id);
    if (found == reads_.end()) continue;
    const auto [key, reply] = found->second;
    reads_.erase(found);
    if (!r.index) {
      reply({});
    } else {
      weir_check(*r.index <= applied_.last().index, "a read at {}, applied {}", *r.index,
                 applied_.last().index);
      reply({outcome::done, applied_.read(key)});
    }
  }
}

void node::apply_through(log_index commit) {
  auto next = std::ranges::upper_bound(log_, applied_.last().index, {},
                                       [](const entry& one) { return one.head.index; });
  for (; next != log_.end() && next->head.index <= commit; ++next) {
    const auto& e = *next;
    around_->truth.committed(id_, e);
    applied_.apply(e);
    if (e.kind == log::frame_kind::configuration) {
      applied_members_ = *raft::decode_configuration(*e.body);
    }
  }
  if (applied_.whole()) around_->truth.state(id_, applied_.last().index, applied_.chain());
  if (serves() && applied_.last().index == around_->truth.last()) {
    around_->truth.keys(id_, applied_.registers());
  }
  while (!waiting_.empty() && waiting_.begin()->first <= commit) {
    const auto index = waiting_.begin()->first;
    auto w = std::move(waiting_.begin()->second);
    waiting_.erase(waiting_.begin());
    const auto* e = find(index);
    if (!e || e->head.term != w.term) {
      w.reply({outcome::unknown});
      continue;
    }
    if (w.batch) {
      around_->truth.acknowledged(*w.batch, offset(static_cast<std::int64_t>(w.value)));
    }
    w.reply({outcome::done, w.value});
  }
}

void node::come_to_be_heard() {
  if (!unheard_ || unheard_->after > flushed_writes_) return;
  around_->truth.leads(id_, unheard_->term, unheard_->members);
  unheard_.reset();
}

packet_ptr node::pack(const raft::message& m) const {
  auto out = std::make_shared<packet>(packet{.m = m});
  if (const auto* append = std::get_if<raft::append_request>(&m.body)) {
    out->entries.assign(shipped_.begin(),
                        shipped_.begin() + static_cast<long>(append->entries.size()));
  } else if (std::holds_alternative<raft::install_snapshot>(m.body)) {
    out->state = snapshot_;
    // A log that was never cut begins with nothing.
    if (!out->state) out->state = applied_state().to_snapshot(initial_);
  }
  return out;
}

void node::perform_network(const raft::effects& out) {
  if (unheard_ && !(out.heartbeats.empty() && out.snapshots.empty() && out.ship.empty())) {
    throw violation(fmt::format("{} is heard of before its vote is on disk", id_));
  }
  for (const auto* list : {&out.send, &out.heartbeats, &out.snapshots}) {
    for (const auto& m : *list) emit(pack(m));
  }
  for (const auto& m : out.send_once_durable) held_.push_back({writes_, pack(m)});
  for (const auto& request : out.ship) ship(request);
  while (!held_.empty() && held_.front().after <= flushed_writes_) {
    const auto p = held_.front().p;
    held_.pop_front();
    emit(p);
  }
}

void node::emit(const packet_ptr& p) {
  const auto& m = p->m;
  const auto* vote = std::get_if<raft::vote_reply>(&m.body);
  const auto* asks = std::get_if<raft::vote_request>(&m.body);
  if ((vote && vote->granted && !vote->pre_vote) || (asks && !asks->pre_vote)) {
    // Who asks for votes has voted for itself.
    around_->truth.granted(id_, vote ? m.to : id_, m.term);
    around_->voted(id_);
  }
  ++around_->messages;
  around_->send(p);
}

void node::ship(const raft::ship_request& request) {
  std::vector<entry> read;
  std::uint64_t bytes = 0;
  auto e = std::ranges::lower_bound(log_, request.from, {},
                                    [](const entry& one) { return one.head.index; });
  if (request.from <= base_.index) e = log_.end();
  for (; e != log_.end() && e->head.index <= request.through; ++e) {
    bytes += e->head.size;
    if (read.size() == request.entries_max || (!read.empty() && bytes > request.bytes_max)) break;
    read.push_back(*e);
  }
  const auto delay = around_->rules.ship_delay_max;
  if (delay == 0) return send_read(request, std::move(read));
  // What was read may no longer be the log by then.
  around_->events.after(around_->chance.between(0, delay),
                        [this, life = life_, request, read = std::move(read)] {
                          if (life == life_ && up()) send_read(request, read);
                        });
}

void node::send_read(const raft::ship_request& request, std::vector<entry> read) {
  std::vector<raft::entry_head> heads;
  std::vector<raft::placed_configuration> configurations;
  for (const auto& e : read) {
    heads.push_back(e.head);
    if (e.kind != log::frame_kind::configuration) continue;
    configurations.push_back({e.head.index, *raft::decode_configuration(*e.body)});
  }
  const auto out = core_->ship(request.to, request.from, heads, std::move(configurations));
  const auto before = std::exchange(shipped_, std::move(read));
  perform(out);
  shipped_ = before;
}

void node::flush() {
  if (flushing_ || flushed_writes_ == writes_) return;
  flushing_ = true;
  ++around_->flushes;
  flush_writes_ = writes_;
  flush_index_ = last();
  disk_.begin_flush();
  const auto& rules = around_->rules;
  const auto longest = slow_ ? rules.slow_flush_max : rules.flush_max;
  around_->events.after(around_->chance.between(0, longest), [this, life = life_] {
    if (life == life_) flushed();
  });
}

void node::flushed() {
  disk_.end_flush();
  flushing_ = false;
  flushed_writes_ = flush_writes_;
  durable_ = std::max(durable_, flush_index_);
  come_to_be_heard();
  perform(core_->durable(flush_index_));
}

}  // namespace weir::sim
