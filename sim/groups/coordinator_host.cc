#include "sim/groups/coordinator_host.h"

#include <algorithm>
#include <utility>

#include "core/codec/whole.h"
#include "sim/groups/oracle.h"

namespace weir::sim::groups {

using kafka::error_code;

coordinator_host::coordinator_host(surroundings& around, replicated_log& log, broker on,
                                   const clock& time, const group::topic_view& topics,
                                   misfortune hit, topic_maker make_topics)
    : around_(around),
      log_(log),
      on_(on),
      clock_(time),
      topics_(topics),
      hit_(std::move(hit)),
      make_topics_(std::move(make_topics)) {
  log_.listen(on_, this);
}

group::moment coordinator_host::now() const {
  return clock_.at(around_.events.now());
}

void coordinator_host::serves(std::int32_t term) {
  serving_ = true;
  deciding_ = false;
  term_ = term;
  if (core_ && around_.rules.broken_outside.keeps_core) {
    deciding_ = true;
    return;
  }
  read_ = 0;
  producers_.clear();
  core_ =
      std::make_unique<group::coordinator>(around_.rules.settings, topics_, around_.rules.broken);
  replayed_ =
      std::make_unique<group::coordinator>(around_.rules.settings, topics_, around_.rules.broken);
  read_on(term);
}

// All that was there when the term began is committed, and nobody else writes to it.
void coordinator_host::read_on(std::int32_t term) {
  if (!serving_ || term_ != term || deciding_) return;
  const auto piece = 1 + around_.chance.below(log_.committed(on_) / 2 + 4);
  for (std::size_t i = 0; i < piece && read_ < log_.committed(on_); ++i, ++read_)
    read(log_.at(on_, read_));
  if (hit_(log_.number(), on_)) return;
  const bool enough = around_.rules.broken_outside.serves_before_read;
  if (read_ >= log_.size(on_) || enough) return decide();
  around_.events.after(around_.chance.between(1, around_.rules.load_max),
                       [this, term] { read_on(term); });
}

void coordinator_host::read(const placed& what) {
  for (const auto& r : what.batch.records) {
    for (auto* to : {core_.get(), replayed_.get()})
      require(to->apply(r.key, r.value, what.batch.transaction).has_value(),
              "a record of the log can't be read");
  }
  if (what.batch.transaction) {
    producers_[what.batch.transaction->producer] = {what.batch.transaction->epoch, false};
  }
  if (!what.ends) return;
  for (auto* to : {core_.get(), replayed_.get()})
    to->apply_marker(what.ends->producer, what.ends->commit);
  producers_[what.ends->producer] = {what.ends->epoch, true};
}

void coordinator_host::decide() {
  around_.note("{}: decides in term {}, having read {}", name(), term_, read_);
  around_.mix_in(read_);
  around_.truth.loaded(log_.number(), log_.size(on_), *core_);
  deciding_ = true;
  take(core_->loaded(now()), cause::load);
}

void coordinator_host::ends() {
  if (std::exchange(serving_, false)) around_.note("{}: term {} ends", name(), term_);
  deciding_ = false;
  held_.clear();
  alarm_ = -1;
  if (!around_.rules.broken_outside.keeps_core) {
    core_.reset();
    replayed_.reset();
  }
  // A crash closes connections.
  for (const auto& [ticket, q] : std::exchange(asked_, {})) {
    if (log_.up(on_)) {
      q.then(group::refusal(q.is, q.version, error_code::not_coordinator));
    } else {
      q.then(std::nullopt);
    }
  }
}

bool coordinator_host::refuses_producer(const group::request& r) const {
  const auto* within = std::get_if<kafka::txn_offset_commit_request>(&r);
  if (!within || around_.rules.broken_outside.takes_old_producers) return false;
  const auto at = producers_.find(producer_id(within->producer_id));
  if (at == producers_.end()) return false;
  const producer_epoch epoch(within->producer_epoch);
  return epoch < at->second.epoch || (epoch == at->second.epoch && at->second.ended);
}

void coordinator_host::ask(const group::request& r, std::int16_t version, const std::string& client,
                           const answered& then) {
  if (!serving_) return then(group::refusal(r, version, error_code::not_coordinator));
  if (!deciding_) return then(group::refusal(r, version, error_code::coordinator_load_in_progress));
  if (refuses_producer(r))
    return then(group::refusal(r, version, error_code::invalid_producer_epoch));
  const auto ticket = ++tickets_;
  group::request_context c;
  c.api_version = version;
  c.ticket = ticket;
  c.now = now();
  c.client_id = text::copy(client);
  c.client_host = "/192.0.2.1";
  c.fresh = {around_.chance.next(), around_.chance.next()};
  asked_.emplace(ticket, question{r, version, then});
  take(core_->step(r, c), cause::request, &r);
}

void coordinator_host::end_transaction(const marker& m, const std::function<void(bool)>& then) {
  if (!deciding_) return then(false);
  const auto& broken = around_.rules.broken_outside;
  auto& p = producers_[m.producer];
  // The next transaction began, so this one has ended. One that ended just now may not be
  // committed: it is ended again.
  if (m.epoch < p.epoch && !broken.takes_old_producers) return then(true);
  around_.note("{}: marker of {} epoch {}: {}", name(), m.producer, m.epoch,
               m.commit ? "commit" : "abort");
  p = {m.epoch, true};
  placed what;
  what.ends = m;
  log_.place(on_, std::move(what));
  if (!broken.hides_markers) core_->apply_marker(m.producer, m.commit);
  replayed_->apply_marker(m.producer, m.commit);
  check_replay("a marker");
  hold({.after = log_.size(on_),
        .since = around_.events.now(),
        .placed = true,
        .answers = {},
        .then = [then] { then(true); }});
  if (deciding_) arm();
}

void coordinator_host::topic_deleted(const group::deleted_topic& topic) {
  if (deciding_) take(core_->topics_deleted({&topic, 1}, now()), cause::topics);
}

void coordinator_host::topics_changed() {
  if (deciding_) take(core_->topics_changed(now()), cause::topics);
}

void coordinator_host::place(group::coordinator_batch batch, cause why) {
  for (const auto& r : batch.records) {
    around_.mix_in(r.value ? r.value->size() : 0);
    require(replayed_->apply(r.key, r.value, batch.transaction).has_value(),
            "an emitted record can't be read");
  }
  if (batch.transaction)
    producers_[batch.transaction->producer] = {batch.transaction->epoch, false};
  placed what;
  what.batch = std::move(batch);
  what.why = why;
  log_.place(on_, std::move(what));
}

void coordinator_host::take(group::emitted<group::answer> out, cause why, const group::request* r) {
  const bool emitted = !out.batches.empty();
  if (emitted && r) around_.truth.appended(log_.number(), term_, *r);
  const bool first_only = around_.rules.broken_outside.places_first_batch_only;
  for (auto& batch : out.batches) {
    place(std::move(batch), why);
    if (first_only) break;
  }
  check_replay("a step");
  hold({.after = log_.size(on_),
        .since = around_.events.now(),
        .placed = emitted,
        .answers = std::move(out.answers),
        .then = topics_wanted()});
  if (deciding_) arm();
}

std::function<void()> coordinator_host::topics_wanted() {
  auto wanted = core_->take_internal_topics();
  if (wanted.empty()) return {};
  return [this, in = term_, wanted = std::move(wanted)] {
    for (const auto& one : wanted) {
      make_topics_(one, [this, in, group = one.group_id](const failures& why) {
        if (deciding_ && in == term_) core_->internal_topics_made(group, why);
      });
    }
  };
}

void coordinator_host::hold(held h) {
  const bool asks = !h.placed && !h.answers.empty();
  const auto in = term_;
  held_.push_back(std::move(h));
  if (asks && !around_.rules.broken_outside.answers_unconfirmed) log_.confirm(on_);
  // Something may happen before it is committed.
  if (hit_(log_.number(), on_)) return;
  if (serving_ && term_ == in) release();
}

void coordinator_host::release() {
  const auto& broken = around_.rules.broken_outside;
  while (serving_ && deciding_ && !held_.empty()) {
    const auto& next = held_.front();
    const bool sure = next.placed || next.answers.empty() || broken.answers_unconfirmed ||
                      log_.confirmed(on_, next.since);
    if (!broken.answers_before_commit && (next.after > log_.committed(on_) || !sure)) return;
    // It is committed, and nobody was told.
    if (hit_(log_.number(), on_)) return;
    if (!serving_ || held_.empty()) return;
    const auto h = std::move(held_.front());
    held_.pop_front();
    for (const auto& [ticket, a] : h.answers) answer(ticket, h.after, a);
    if (h.then) h.then();
  }
}

void coordinator_host::answer(group::ticket whose, std::size_t after, const group::answer& with) {
  const auto at = asked_.find(whose);
  require(at != asked_.end(), "an answer to nobody");
  const auto q = std::move(at->second);
  asked_.erase(at);
  const bool encodes = std::visit(
      [&]<typename Answer>(const Answer& r) {
        // A plan of share groups goes to this broker's own shell alone.
        if constexpr (std::is_same_v<Answer, group::share_plan>)
          return true;
        else
          return encode_whole(r, q.version).has_value();
      },
      with);
  require(encodes, "an answer does not encode in version {}", q.version);
  around_.mix_in(with.index());
  around_.truth.told(log_.number(), term_, after, q.is, with);
  q.then(with);
}

void coordinator_host::arm() {
  const auto due = core_->next_deadline();
  if (!due) return;
  const auto at = around_.events.now() + clock_.until(*due, around_.events.now());
  if (alarm_ > around_.events.now() && alarm_ <= at) return;
  alarm_ = at;
  around_.events.after(at - around_.events.now(), [this, in = term_, at] {
    if (!deciding_ || in != term_ || alarm_ != at) return;
    alarm_ = -1;
    take(core_->tick(now()), cause::time);
  });
}

void coordinator_host::check_replay(const char* when) const {
  require(core_->same_stored(*replayed_), "{}: after {} the state is not what its records say",
          name(), when);
}

}  // namespace weir::sim::groups
