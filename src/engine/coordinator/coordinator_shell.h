#pragma once
// The shell of one coordinator: asks the core in the task that puts what it emitted into the log,
// and lets its answers out once all that they rest on is committed
// (docs/decisions/0014-coordinators.md). On the shard of the partition.
//
// `Kind` says which core it is, one object a shard:
//   core, request, answer            types
//   effects                          what a step gives: derived from group::emitted<answer>
//   make(epoch)                      a core that knows nothing
//   replay(core, batch, record)      false: unreadable, the coordinator must not serve
//   replay_marker(core, batch, seen)
//   transaction_of(request)          whose transaction the step stores something in, if it does
//   prepare(core, request)           a future: what a step needs and only waiting can give
//   step(core, request, ticket, now), loaded(core, now), tick(core, now): effects
//   next_deadline(core)              steady milliseconds, or nothing
//   released(partition, effects)     the effects may be seen now: what is in them beside answers
#include <seastar/core/coroutine.hh>
#include <seastar/core/lowres_clock.hh>
#include <seastar/core/timer.hh>

#include <chrono>
#include <deque>
#include <memory>

#include "engine/coordinator/coordinator_log.h"
#include "engine/coordinator/led_partition.h"
#include "engine/coordinator/log_batch.h"
#include "engine/coordinator/waiting_requests.h"

namespace weir {

group::moment coordinator_now();

struct step_in_transaction {
  group::transaction_of whose;
  std::optional<verification> verified;
};

template <typename Kind>
class coordinator_shell final : private decider {
 public:
  using core = typename Kind::core;
  using request = typename Kind::request;
  using answer = typename Kind::answer;
  using effects = typename Kind::effects;
  using result = std::expected<answer, coordinator_error>;

  coordinator_shell(Kind& kind, std::int32_t partition, replica& of, std::function<bool()> there,
                    crowd& all)
      : kind_(kind), number_(partition), led_(of, *this, std::move(there)), waiting_(all) {
    timer_.set_callback([this] { tick(); });
  }

  // Until the partition is closed or stop() is called.
  seastar::future<> follow() { return led_.follow(); }
  void stop() { led_.stop(); }
  [[nodiscard]] const led_partition& where() const { return led_; }
  [[nodiscard]] std::int32_t number() const { return number_; }
  // Null unless it decides.
  [[nodiscard]] const core* deciding() const { return led_.leads() ? core_.get() : nullptr; }

  // `bytes`: what the request keeps in memory while it waits.
  seastar::future<result> ask(request r, std::size_t bytes) {
    const auto use = uses_.hold();
    if (const auto may = led_.ready(); !may) co_return std::unexpected(may.error());
    co_await kind_.prepare(std::as_const(*core_), std::as_const(r));
    co_await led_.room();
    const auto within = Kind::transaction_of(r);
    const auto may = within ? led_.ready_for(within->whose, within->verified) : led_.ready();
    if (!may) co_return std::unexpected(may.error());
    if (!waiting_.takes(bytes)) co_return std::unexpected(coordinator_error::crowded);
    auto [ticket, answered] = waiting_.add(bytes);
    perform([&](core& c, group::moment now) { return kind_.step(c, std::move(r), ticket, now); },
            within ? within->verified : std::nullopt);
    co_return co_await std::move(answered);
  }
  // A step that is no request: `step(core, now)` gives its effects.
  template <typename Step>
  std::expected<void, coordinator_error> act(Step step) {
    if (const auto may = led_.ready(); !may) return std::unexpected(may.error());
    perform(std::move(step));
    return {};
  }
  // The same behind a marker, which is placed in the same task; resolves when it is committed.
  template <typename Step>
  seastar::future<std::expected<void, replica_error>> end_transaction(
      log::transaction_marker marker, int version, Step step) {
    const auto use = uses_.hold();
    const auto placed = led_.place_marker(marker, version, coordinator_now().wall);
    if (!placed) co_return std::unexpected(placed.error());
    end_ = *placed;
    perform(std::move(step));
    // A place in the row of what is held back, without a core's answer in it.
    auto& last = held_.emplace_back(held{.after = end_, .out = {}, .told = {}});
    last.told.emplace();
    auto told = last.told->get_future();
    release();
    co_return co_await std::move(told);
  }
  std::expected<std::optional<verification>, coordinator_error> begin_verification(
      const group::transaction_of& whose, bool version2) {
    return led_.begin_verification(whose, version2, coordinator_now().wall);
  }
  [[nodiscard]] std::int32_t epoch() const { return led_.epoch(); }
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }
  // Those who ask hold it.
  seastar::future<> unused() { return uses_.close(); }

 private:
  using told_promise = seastar::promise<std::expected<void, replica_error>>;
  struct held {
    offset after;  // may be seen once all below is committed
    effects out;
    std::optional<told_promise> told;
  };

  void begin() override {
    core_ = kind_.make(led_.epoch());
    end_ = offset(0);
  }
  bool replay(const record::batch_header& batch, const record::record& stored) override {
    return kind_.replay(*core_, batch, stored);
  }
  void replay_marker(const record::batch_header& batch, record::marker_seen seen) override {
    kind_.replay_marker(*core_, batch, seen);
  }
  void loaded() override {
    perform([this](core& c, group::moment now) { return kind_.loaded(c, now); });
  }
  void committed() override { release(); }
  void end() override {
    timer_.cancel();
    auto dropped = std::exchange(held_, {});
    for (auto& h : dropped) {
      if (h.told) h.told->set_value(std::unexpected(replica_error::not_leader));
    }
    waiting_.fail(coordinator_error::not_here);
    core_.reset();
  }

  template <typename Step>
  void perform(Step step, const std::optional<verification>& verified = {}) {
    const auto now = coordinator_now();
    effects out;
    try {
      out = step(*core_, now);
    } catch (...) {
      // Half a step may have been made.
      coordinator_log.error("{}: a step failed, its log is read again: {}", led_.name(),
                            std::current_exception());
      led_.distrust();
      return;
    }
    for (const auto& batch : out.batches) {
      const auto placed = led_.place(log_batch(batch, now.wall), now.wall, verified);
      if (!placed) return;
      end_ = *placed;
    }
    out.batches.clear();
    held_.push_back({.after = end_, .out = std::move(out), .told = {}});
    release();
    arm(now);
  }

  void release() {
    const auto reached = led_.committed();
    while (!held_.empty() && held_.front().after <= reached) {
      auto h = std::move(held_.front());
      held_.pop_front();
      for (auto& [ticket, a] : h.out.answers) waiting_.answer(ticket, std::move(a));
      h.out.answers.clear();
      if (h.told) h.told->set_value(std::expected<void, replica_error>());
      kind_.released(number_, std::move(h.out));
    }
  }

  void arm(group::moment now) {
    timer_.cancel();
    if (!core_) return;
    const auto due = kind_.next_deadline(std::as_const(*core_));
    if (!due) return;
    timer_.arm(std::chrono::milliseconds(std::max<std::int64_t>(0, *due - now.steady_ms)));
  }

  void tick() {
    static constexpr auto again = std::chrono::milliseconds(100);
    const auto may = led_.ready();
    if (may) {
      perform([this](core& c, group::moment now) { return kind_.tick(c, now); });
    } else if (may.error() == coordinator_error::no_space) {
      timer_.arm(again);
    }
  }

  Kind& kind_;
  std::int32_t number_;
  std::unique_ptr<core> core_;
  led_partition led_;
  waiting_requests<answer> waiting_;
  std::deque<held> held_;
  offset end_{0};  // of what was placed
  seastar::timer<seastar::lowres_clock> timer_;
  seastar::gate uses_;
};

}  // namespace weir
