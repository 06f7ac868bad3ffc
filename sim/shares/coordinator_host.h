#pragma once
// A coordinator of one log on one broker, while that leads it: does what the shell does
// (core/group/emitted.h, engine/coordinator/coordinator_shell.h), and compares the state with its
// replay after every step. As the shell does today, it does not ask whether it still leads before
// an answer that rests on no new record.
//
// `Kind` says which core it is (kinds.h):
//   core, request, answer, more        types; `more` is what a step leaves beside its answers
//   make(), apply(core, record), loaded(core, now), step(core, request, ticket, now)
//   tick(core, now), next_deadline(core), take_more(core), released(log, on, more)
//   same(core, core), is_what_is_committed(log, size, core)
//   refusal(request, code)
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/codec/error_code.h"
#include "sim/shares/surroundings.h"

namespace weir::sim::shares {

template <typename Kind>
class coordinator_host final : public replicated_log::follower_of_terms {
 public:
  using core = typename Kind::core;
  using request = typename Kind::request;
  using answer = typename Kind::answer;
  using effects = group::emitted<answer>;
  // None: nothing will be heard.
  using answered = std::function<void(const std::optional<answer>&)>;
  // Whether that broker is hit now: by a crash, or another leader.
  using misfortune = std::function<bool(std::size_t log, broker)>;

  coordinator_host(surroundings& around, Kind& kind, replicated_log& log, broker on,
                   const clock& time, misfortune hit)
      : around_(around), kind_(kind), log_(log), on_(on), clock_(time), hit_(std::move(hit)) {
    log_.listen(on_, this);
  }

  // `tag` goes with what it places.
  void ask(const request& r, std::uint64_t tag, const answered& then) {
    using kafka::error_code;
    if (!serving_) return then(kind_.refusal(r, error_code::not_coordinator));
    if (!deciding_) return then(kind_.refusal(r, error_code::coordinator_load_in_progress));
    const auto ticket = ++tickets_;
    asked_.emplace(ticket, question{r, then});
    take(kind_.step(*core_, r, ticket, now()), tag);
  }
  // A step that is no request: `step(core, now)` gives its effects.
  template <typename Step>
  void act(const Step& step) {
    if (deciding_) take(step(*core_, now()), 0);
  }
  [[nodiscard]] const core* deciding() const { return deciding_ ? core_.get() : nullptr; }
  [[nodiscard]] std::string name() const { return fmt::format("{}@{}", log_.number(), on_); }

  void serves(std::int32_t term) override {
    serving_ = true;
    deciding_ = false;
    term_ = term;
    read_ = 0;
    core_ = kind_.make();
    replayed_ = kind_.make();
    read_on(term);
  }
  void committed() override { release(); }
  void ends() override {
    if (std::exchange(serving_, false)) around_.note("{}: term {} ends", name(), term_);
    deciding_ = false;
    held_.clear();
    alarm_ = -1;
    core_.reset();
    replayed_.reset();
    // A crash closes connections.
    for (const auto& [ticket, q] : std::exchange(asked_, {})) {
      if (log_.up(on_)) {
        q.then(kind_.refusal(q.is, kafka::error_code::not_coordinator));
      } else {
        q.then(std::nullopt);
      }
    }
  }

 private:
  struct held {
    std::size_t after;  // entries committed
    std::vector<std::pair<group::ticket, answer>> answers;
    typename Kind::more more;
  };
  struct question {
    request is;
    answered then;
  };

  [[nodiscard]] group::moment now() const { return clock_.at(around_.events.now()); }

  // All that was there when the term began is committed, and nobody else writes to it.
  void read_on(std::int32_t term) {
    if (!serving_ || term_ != term || deciding_) return;
    const auto piece = 1 + around_.chance.below(log_.committed(on_) / 2 + 4);
    for (std::size_t i = 0; i < piece && read_ < log_.committed(on_); ++i, ++read_)
      apply(log_.at(on_, read_).batch);
    if (hit_(log_.number(), on_)) return;
    if (read_ >= log_.size(on_) || around_.rules.broken_outside.serves_before_read) return decide();
    around_.events.after(around_.chance.between(1, around_.rules.load_max),
                         [this, term] { read_on(term); });
  }
  void apply(const group::coordinator_batch& batch) {
    for (const auto& r : batch.records) {
      for (auto* to : {core_.get(), replayed_.get()})
        require(kind_.apply(*to, r), "a record of the log can't be read");
    }
  }
  void decide() {
    around_.note("{}: decides in term {}, having read {}", name(), term_, read_);
    around_.mix_in(read_);
    kind_.is_what_is_committed(log_.number(), log_.size(on_), *core_);
    deciding_ = true;
    take(kind_.loaded(*core_, now()), 0);
  }

  void take(effects out, std::uint64_t tag) {
    for (auto& batch : out.batches) {
      for (const auto& r : batch.records) {
        around_.mix_in(r.value ? r.value->size() : 0);
        require(kind_.apply(*replayed_, r), "an emitted record can't be read");
      }
      placed what;
      what.batch = std::move(batch);
      what.tag = tag;
      log_.place(on_, std::move(what));
    }
    require(kind_.same(*core_, *replayed_),
            "{}: after a step the state is not what its records say", name());
    held_.push_back({log_.size(on_), std::move(out.answers), kind_.take_more(*core_)});
    const auto in = term_;
    // Something may happen before it is committed.
    if (hit_(log_.number(), on_)) return;
    if (serving_ && term_ == in) release();
    if (deciding_ && term_ == in) arm();
  }

  void release() {
    while (serving_ && deciding_ && !held_.empty()) {
      const bool early = around_.rules.broken_outside.answers_before_commit;
      if (!early && held_.front().after > log_.committed(on_)) return;
      // It is committed, and nobody was told.
      if (hit_(log_.number(), on_)) return;
      if (!serving_ || held_.empty()) return;
      const auto h = std::move(held_.front());
      held_.pop_front();
      for (const auto& [ticket, a] : h.answers) {
        const auto at = asked_.find(ticket);
        require(at != asked_.end(), "an answer to nobody");
        const auto q = std::move(at->second);
        asked_.erase(at);
        around_.mix_in(a.index());
        q.then(a);
      }
      kind_.released(log_.number(), on_, h.more);
    }
  }

  void arm() {
    const auto due = kind_.next_deadline(*core_);
    if (!due) return;
    const auto at = around_.events.now() + clock_.until(*due, around_.events.now());
    if (alarm_ > around_.events.now() && alarm_ <= at) return;
    alarm_ = at;
    around_.events.after(at - around_.events.now(), [this, in = term_, at] {
      if (!deciding_ || in != term_ || alarm_ != at) return;
      alarm_ = -1;
      take(kind_.tick(*core_, now()), 0);
    });
  }

  surroundings& around_;
  Kind& kind_;
  replicated_log& log_;
  broker on_;
  clock clock_;
  misfortune hit_;

  bool serving_ = false;
  bool deciding_ = false;
  std::int32_t term_ = 0;
  std::size_t read_ = 0;  // entries
  std::unique_ptr<core> core_;
  std::unique_ptr<core> replayed_;
  std::deque<held> held_;
  std::map<group::ticket, question> asked_;
  group::ticket tickets_ = 0;
  moment alarm_ = -1;  // the earliest tick that is asked for
};

}  // namespace weir::sim::shares
