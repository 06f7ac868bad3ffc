#include "sim/node.h"

#include "core/base/check.h"
#include "core/raft/describe.h"
#include "core/raft/resting.h"

namespace weir::sim {

node::node(node_id id, surroundings& around, raft::configuration initial)
    : id_(id),
      around_(&around),
      disk_(around.chance, around.rules.segment_bytes),
      initial_(std::move(initial)) {}

void node::say(const std::string& what) const {
  if (around_->tell) around_->tell(fmt::format("{} {}", id_, what));
}

void node::tell_state() const {
  say(fmt::format("{}: log {} to {}, durable {}, applied {}, members {} since {}",
                  up() ? raft::name(core_->current_role()) : "down", base_.index, last(), durable_,
                  applied_.last().index, raft::describe(members_.members), members_.index));
}

raft::milliseconds node::local_now() const {
  const auto passed = (around_->events.now() - clock_set_at_) * clock_percent_ / 100;
  return raft::milliseconds((clock_then_ + passed) / ms);
}

void node::set_clock(std::int64_t percent) {
  clock_then_ += (around_->events.now() - clock_set_at_) * clock_percent_ / 100;
  clock_set_at_ = around_->events.now();
  clock_percent_ = percent;
}

const entry* node::find(log_index index) const {
  const auto e =
      std::ranges::lower_bound(log_, index, {}, [](const entry& one) { return one.head.index; });
  return e == log_.end() || e->head.index != index ? nullptr : &*e;
}

const entry& node::at(log_index index) const {
  const auto* e = find(index);
  weir_check(e, "entry {} of {} to {}", index, base_.index, last());
  return *e;
}

offset node::next_offset() const {
  if (!log_.empty()) return log_.back().head.first_offset + log_.back().head.offset_count;
  return snapshot_ ? snapshot_->next_offset : offset{};
}

bool node::stored(raft::entry_id wanted) const {
  if (wanted.index <= base_.index) return true;
  if (wanted.index > durable_) return false;
  const auto* e = find(wanted.index);
  return !e || e->head.term == wanted.term;  // what was compacted was committed
}

bool node::start() {
  ++life_;
  auto found = disk_.recover();
  if (!found) return false;
  snapshot_ = found->base;
  base_ = snapshot_ ? snapshot_->last : raft::entry_id{};
  log_.assign(found->entries.begin(), found->entries.end());
  raft::stored_state stored{
      .last_vote = {.term = found->last_vote.term, .voted_for = found->last_vote.voted_for},
      .base = base_,
      .last_index = last(),
      .members = snapshot_ ? snapshot_->members : initial_,
      .forgotten = found->forgotten,
      .held = found->held};
  if (!log_.empty() && log_.front().head.index > base_.index + 1) {
    stored.terms.push_back({base_.term, base_.index + 1});
  }
  auto next = base_.index + 1;
  for (const auto& e : log_) {
    if (e.head.index > next) stored.committed = e.head.index;
    next = e.head.index + 1;
    if (stored.terms.empty() || stored.terms.back().term != e.head.term) {
      stored.terms.push_back({e.head.term, e.head.index});
    }
    if (e.kind != log::frame_kind::configuration) continue;
    auto members = raft::decode_configuration(*e.body);
    if (!members) return false;
    stored.configurations.push_back({e.head.index, *std::move(members)});
  }
  applied_ = {};
  if (snapshot_) applied_.take(*snapshot_);
  if (applied_.whole()) around_->truth.state(id_, base_.index, applied_.chain());
  applied_members_ = stored.members;
  rebuild_producers();
  writes_ = flushed_writes_ = 0;
  flushing_ = false;
  durable_ = last();
  heard_.clear();
  core_.emplace(id_, stored, around_->rules.options, around_->chance.next(), around_->rules.broken);
  members_ = core_->members();
  apply_through(core_->commit_index());
  say(fmt::format("starts with log {} to {}, vote {} in term {}", base_.index, last(),
                  stored.last_vote.voted_for, stored.last_vote.term));
  tick();
  return true;
}

void node::crash() {
  say("crashes");
  ++life_;
  core_.reset();
  disk_.crash();
  held_.clear();
  unheard_.reset();
  waiting_.clear();
  reads_.clear();
}

void node::rebuild_producers() {
  producers_ = log::producer_sequences();
  if (snapshot_) {
    auto read = log::producer_sequences::decode(snapshot_->producers);
    weir_check(read.has_value(), "producers at {} do not decode", base_.index);
    producers_ = std::move(read->producers);
  }
  for (const auto& e : log_) count_batch(producers_, e);
}

void node::tick() {
  if (!up()) return;
  if (core_->asleep() && !core_->may_sleep([this](node_id n) { return hears(n); })) wake();
  if (!core_->asleep()) perform(core_->tick(local_now()));
  around_->events.after(around_->rules.tick, [this, life = life_] {
    if (life == life_) tick();
  });
}

void node::hear_node(node_id other, std::uint64_t life) {
  if (!up()) return;
  const auto known = heard_.find(other);
  const bool again = known != heard_.end() && known->second.life != life;
  // Started again, it knows nothing of a leader, nor that it was one.
  if (again && core_->asleep() && std::ranges::contains(watched(), other)) wake();
  if (again) leader_gone(other);
  heard_[other] = {local_now(), life};
}

void node::leader_gone(node_id leader) {
  if (!up() || leads() || core_->leader() != leader) return;
  wake();
  core_->leader_gone(local_now(), around_->rules.seed);
}

void node::stand_first() {
  if (up()) core_->stand_first(local_now());
}

std::vector<node_id> node::watched() const {
  if (!leads()) return {core_->leader()};
  auto out = core_->members().members.members();
  std::erase(out, id_);
  return out;
}

bool node::hears(node_id other) const {
  const auto known = heard_.find(other);
  return known != heard_.end() &&
         local_now() <= known->second.at + around_->rules.options.election_min;
}

void node::wake() {
  if (!core_->asleep()) return;
  say("wakes");
  core_->wake(local_now(), heard_[core_->leader()].at);
}

void node::receive(const packet_ptr& p) {
  if (!up() || raft::sleeps_through(*core_, p->m)) return;
  wake();
  if (around_->tell) say("gets " + raft::describe(p->m));
  incoming_ = p.get();
  perform(core_->step(p->m));
  incoming_ = nullptr;
}

void node::snapshot_shipped(node_id to, bool arrived) {
  if (up()) core_->snapshot_shipped(to, arrived);
}

void node::trim() {
  if (!up() || applied_.last().index <= base_.index) return;
  snapshot_ = applied_.to_snapshot(applied_members_);
  disk_.trim(snapshot_);
  while (!log_.empty() && log_.front().head.index <= snapshot_->last.index) log_.pop_front();
  base_ = snapshot_->last;
  core_->trimmed(base_.index);
  say(fmt::format("trims through {}", base_.index));
}

// Writes that a newer one of their key replaces, and deletions, as far as a pass that ends at
// `through` sees. Terms, members and the last entry that it sees stay.
std::set<log_index> node::superseded(log_index through, log_index& forgotten) {
  std::set<log_index> gone;
  std::set<std::uint32_t> newer;
  const auto everyone = core_->everyone();
  bool is_last = true;
  for (auto e = log_.rbegin(); e != log_.rend(); ++e) {
    if (e->head.index > through) continue;
    const bool stays = std::exchange(is_last, false) || e->kind != log::frame_kind::command;
    if (e->kind != log::frame_kind::command) continue;
    const auto write = decode_write(*e->body);
    const bool is_newest = newer.insert(write.key).second;
    // Now and then enough time has passed for a deletion to go as well.
    const bool expired =
        is_newest && write.deletes && e->head.index <= everyone && around_->chance.chance(500'000);
    if (stays || (is_newest && !expired)) continue;
    gone.insert(e->head.index);
    if (expired) forgotten = std::max(forgotten, e->head.index);
  }
  return gone;
}

// The state at the base has no part in compaction where a log is all there is. Here it must not
// bring back what the log no longer deletes.
snapshot_ptr node::without_deleted(log_index through) const {
  if (!snapshot_) return snapshot_;
  auto to = std::make_shared<snapshot>(*snapshot_);
  for (const auto& e : log_) {
    if (e.head.index > through || e.kind != log::frame_kind::command) continue;
    if (const auto write = decode_write(*e.body); to->registers.erase(write.key) > 0) {
      to->whole = false;
    }
  }
  return to;
}

void node::compact() {
  if (!up()) return;
  const auto committed =
      around_->rules.broken.compacts_uncommitted ? last() : applied_.last().index;
  const auto bound = disk_.closed_through(std::min(committed, last()));
  if (bound <= base_.index) return;
  // As far as there was room for keys.
  const log_index through(base_.index.value() + 1 + around_->chance.below(bound - base_.index));
  log_index forgotten;
  const auto gone = superseded(through, forgotten);
  if (gone.empty()) return;
  snapshot_ = without_deleted(through);
  disk_.compact(bound, gone, forgotten, snapshot_);
  std::erase_if(log_, [&](const entry& e) { return gone.contains(e.head.index); });
  core_->forgot(std::min(forgotten, core_->commit_index()));
  say(fmt::format("compacts up to {}: {} entries go, forgotten {}", through, gone.size(),
                  core_->forgotten()));
}

offset node::log_start() const {
  return snapshot_ ? snapshot_->next_offset : offset{};
}

std::vector<entry> node::fetch(offset from, std::size_t max) const {
  std::vector<entry> out;
  if (!up()) return out;
  auto e = std::ranges::lower_bound(log_, from + 1, {}, [](const entry& one) {
    return one.head.first_offset + one.head.offset_count;
  });
  for (; e != log_.end() && out.size() < max && e->head.index <= core_->commit_index(); ++e) {
    if (e->head.offset_count > 0) out.push_back(*e);
  }
  return out;
}

bool node::change(const raft::configuration& target) {
  if (!up()) return false;
  wake();
  const auto out = core_->change(target);
  if (out) perform(*out);
  return out.has_value();
}

bool node::transfer(node_id to) {
  if (!up()) return false;
  wake();
  const auto out = core_->transfer(to);
  if (out) perform(*out);
  return out.has_value();
}

void node::propose(entry wanted, waiting w) {
  wake();
  const auto head = wanted.head;
  proposed_ = std::move(wanted);
  const auto out = core_->propose({&head, 1});
  w.term = core_->current_term();
  waiting_.emplace(out.append.front().index, std::move(w));
  perform(out);
  proposed_.reset();
}

void node::produce(const batch_claim& claim, answer_to reply) {
  if (!up() || !core_->serving() || !core_->accepts_proposals()) return reply({});
  const auto sequence = sequence_of(claim);
  if (claim.producer >= 0) {
    const auto known = producers_.check(sequence);
    if (!known) return reply({});
    if (*known) {
      const auto base = static_cast<std::uint64_t>((*known)->base_offset.value());
      if ((*known)->index <= core_->commit_index()) {
        around_->truth.acknowledged(claim, (*known)->base_offset);
        return reply({outcome::done, base});
      }
      waiting_.emplace((*known)->index,
                       waiting{at((*known)->index).head.term, std::move(reply), base, claim});
      return;
    }
  }
  const auto base = next_offset();
  propose(make_entry({.term = core_->current_term(),
                      .index = last() + 1,
                      .first_offset = base,
                      .offset_count = claim.records},
                     log::frame_kind::batch, encode_batch(claim, core_->current_term(), base)),
          {.reply = std::move(reply),
           .value = static_cast<std::uint64_t>(base.value()),
           .batch = claim});
}

void node::write(const register_write& write, answer_to reply) {
  if (!up() || !core_->serving() || !core_->accepts_proposals()) return reply({});
  propose(make_entry({.term = core_->current_term(),
                      .index = last() + 1,
                      .first_offset = next_offset(),
                      .offset_count = 1},
                     log::frame_kind::command, encode_write(write)),
          {.reply = std::move(reply), .value = write.value});
}

void node::read(std::uint32_t key, answer_to reply) {
  if (!up()) return reply({});
  wake();
  const auto id = next_read_++;
  reads_[id] = {key, reply};
  const auto out = core_->read(id);
  if (!out) {
    reads_.erase(id);
    return reply({});
  }
  perform(*out);
}

}  // namespace weir::sim
