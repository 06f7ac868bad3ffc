#include "sim/transactions/coordinator_host.h"

#include <algorithm>
#include <utility>

#include "core/transaction/record.h"

namespace weir::sim::transactions {

using transaction::transaction_coordinator;

namespace {

void require_same(const transaction_coordinator& lives, const transaction_coordinator& replayed) {
  const bool same =
      std::ranges::equal(lives.all(), replayed.all(), [](const auto& a, const auto& b) {
        return a.first == b.first && same_record(a.second, b.second);
      });
  if (!same) throw violation("the state is not what its records say");
}

}  // namespace

coordinator_host::coordinator_host(surroundings& around, ways_out out,
                                   std::vector<group::coordinator_record> log)
    : around_(around), out_(std::move(out)), log_(std::move(log)) {
  settings_.marker_retry_ms_min = 20;
  settings_.marker_retry_ms_max = 200;
  settings_.marker_silence_ms = 700;
  settings_.done_per_tick = 2;
  settings_.expiry_interval_ms = 150;
  if (around_.rules.expiration != 0) settings_.id_expiration_ms = around_.rules.expiration / ms;
}

transaction::moment coordinator_host::now() const {
  const auto at = around_.events.now() / ms;
  return {.steady_ms = at, .wall = timestamp(1'700'000'000'000 + at)};
}

void coordinator_host::start() {
  if (leads_) return;
  ++term_;
  alarm_ = -1;
  around_.note("term {} begins with {} records", term_, log_.size());
  // What a new leader reads to the end is committed: it has an entry of its own behind it.
  committed_ = log_.size();
  leads_ = std::make_unique<transaction_coordinator>(term_, settings_, around_.rules.broken);
  replayed_ = std::make_unique<transaction_coordinator>(term_, settings_, around_.rules.broken);
  for (const auto& r : log_) {
    if (!leads_->apply(r.key, r.value) || !replayed_->apply(r.key, r.value))
      throw violation("a record of the log can't be read");
  }
  take(leads_->loaded(now()));
}

// What is not committed may survive, up to anywhere.
void coordinator_host::crash() {
  if (!leads_) return;
  around_.note("term {} ends", term_);
  leads_.reset();
  waiting_.clear();
  for (const auto& [ticket, then] : std::exchange(asked_, {})) then(std::nullopt);
  const auto open = log_.size() - committed_;
  log_.resize(committed_ + around_.chance.below(open + 1));
}

bool coordinator_host::has_decided(const markers_to_send& m) const {
  const auto key = transaction::encode_key(m.transactional_id);
  for (auto i = committed_; i-- > 0;) {
    if (!(log_[i].key == key)) continue;
    if (!log_[i].value) return false;
    const auto t = transaction::decode_value(*log_[i].value).value();
    const bool same = t.producer == m.producer && t.epoch == m.epoch;
    const bool used_up = t.previous_producer == m.producer && t.epoch == producer_epoch(0);
    using enum transaction::transaction_state;
    if (t.state == (m.commit ? prepare_commit : prepare_abort)) return same;
    return t.state == (m.commit ? complete_commit : complete_abort) && (same || used_up);
  }
  return false;
}

void coordinator_host::compact() {
  std::vector<group::coordinator_record> kept;
  std::set<std::string> seen;
  std::size_t dropped = 0;
  for (auto i = committed_; i-- > 0;) {
    if (seen.insert(log_[i].key.str()).second && log_[i].value) {
      kept.push_back(log_[i]);
    } else {
      ++dropped;
    }
  }
  std::ranges::reverse(kept);
  for (auto i = committed_; i < log_.size(); ++i) kept.push_back(log_[i]);
  log_ = std::move(kept);
  committed_ -= dropped;
  transaction_coordinator folded(term_, settings_, around_.rules.broken);
  for (const auto& r : log_) {
    if (!folded.apply(r.key, r.value)) throw violation("a record of the log can't be read");
  }
  if (leads_) require_same(*leads_, folded);
  for (auto& w : waiting_) w.until -= dropped;
}

void coordinator_host::ask(const transaction::request& r, std::int16_t version,
                           std::function<void(std::optional<transaction::answer>)> then) {
  if (!leads_) return then(std::nullopt);
  const auto ticket = ++tickets_;
  transaction::request_context c{.api_version = version, .ticket = ticket, .now = now()};
  if (leads_->needs_producer_id(r)) c.fresh_producer = out_.fresh_producer();
  asked_.emplace(ticket, std::move(then));
  take(leads_->step(r, c));
}

void coordinator_host::take(transaction::effects out) {
  for (auto& batch : out.batches) {
    for (auto& r : batch.records) {
      around_.mix_in(r.value ? r.value->size() : 0);
      if (!replayed_->apply(r.key, r.value)) throw violation("an emitted record can't be read");
      log_.push_back(std::move(r));
    }
  }
  check_replay();
  if (!out.batches.empty()) {
    const auto through = log_.size();
    const auto in = term_;
    around_.events.after(around_.chance.between(1, around_.rules.commit_max), [this, through, in] {
      if (leads_ && in == term_) commit(through);
    });
  }
  for (auto& [ticket, answer] : out.answers) {
    when_committed(around_.rules.broken_outside.answers_before_commit, [this, ticket, answer] {
      const auto at = asked_.find(ticket);
      if (at == asked_.end()) throw violation("an answer to nobody");
      const auto then = std::move(at->second);
      asked_.erase(at);
      then(answer);
    });
  }
  for (const auto& m : out.markers) {
    when_committed(around_.rules.broken_outside.markers_before_commit, [this, m] {
      for (const auto& p : m.partitions) send(m, p);
    });
  }
  wake_up();
}

void coordinator_host::when_committed(bool at_once, std::function<void()> then) {
  if (at_once || log_.size() <= committed_) return then();
  waiting_.push_back({log_.size(), std::move(then)});
}

// Compaction may have made the log shorter since; what is committed then is all of it.
void coordinator_host::commit(std::size_t through) {
  committed_ = std::max(committed_, std::min(through, log_.size()));
  while (!waiting_.empty() && waiting_.front().until <= committed_) {
    const auto then = std::move(waiting_.front().then);
    waiting_.pop_front();
    then();
    if (!leads_) return;
  }
}

void coordinator_host::send(const markers_to_send& m, const topic_partition& to) {
  const auto in = term_;
  const auto done = std::make_shared<bool>(false);
  const auto given_up = std::make_shared<bool>(false);
  const auto settle = [this, in, done, m, to](std::optional<marker_answer> a) {
    *done = true;  // what comes late is reported all the same
    if (leads_ && in == term_) report(m, to, a);
  };
  out_.write_marker(to, m, given_up, settle);
  // Version 2 may stay without any report; of version 1 one is due, and then it is not on its way.
  const bool classic = m.transaction_version < transaction::epoch_bumped_transactions;
  if (!classic) return;
  around_.events.after(around_.rules.patience, [this, settle, given_up, done] {
    if (*done) return;
    // Now it must not arrive any more.
    *given_up = !around_.rules.broken_outside.reports_failure_of_sent;
    settle(std::nullopt);
  });
}

void coordinator_host::report(const markers_to_send& m, const topic_partition& of,
                              std::optional<marker_answer> a) {
  const transaction::marker_report r{m.transactional_id, m.ending, of};
  if (a == marker_answer::written) return take(leads_->marker_written(r, now()));
  const auto why =
      a == marker_answer::superseded ? marker_failure::superseded : marker_failure::unreachable;
  take(leads_->marker_failed(r, why, now()));
}

void coordinator_host::wake_up() {
  const auto next = leads_->next_deadline();
  if (!next) return;
  const auto at = std::max(*next * ms, around_.events.now() + 1);
  if (alarm_ > around_.events.now() && alarm_ <= at) return;
  alarm_ = at;
  around_.events.after(at - around_.events.now(), [this, in = term_] {
    if (!leads_ || in != term_) return;
    alarm_ = -1;
    take(leads_->tick(now()));
  });
}

void coordinator_host::check_replay() const {
  require_same(*leads_, *replayed_);
}

std::string coordinator_host::unfinished() const {
  std::string out;
  if (!leads_) return "nobody leads";
  for (const auto& [id, t] : leads_->all()) {
    if (!t.idle()) out += fmt::format("{} is {} ", id, to_string(t.state));
  }
  return out;
}

}  // namespace weir::sim::transactions
