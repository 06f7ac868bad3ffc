#pragma once
// The clock of a shard's replicas: one timer for all of them, so that their heartbeats leave in one
// task and travel together. Only those that have something to wait for are asked: a group that
// sleeps, or has one member, costs nothing.
#include <seastar/core/lowres_clock.hh>
#include <seastar/core/timer.hh>

#include <boost/intrusive/list.hpp>

#include "engine/replica/running_clock.h"

namespace weir {

class ticked : public boost::intrusive::list_base_hook<
                   boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  virtual ~ticked() = default;
  // False: not again before it is added again.
  virtual bool tick(raft::milliseconds now) = 0;
};

class replica_ticker {
 public:
  using clock = seastar::lowres_clock;
  // Nobody is asked before start().
  replica_ticker() : timer_([this] { tick(running_.tick(read_clock())); }) {}
  replica_ticker(const replica_ticker&) = delete;

  // Shorter than a heartbeat interval, which counts from the clock's zero for all groups alike. No
  // timer runs while nobody is to be asked.
  void start(raft::milliseconds every) {
    every_ = every;
    wind();
  }
  void stop() {
    every_ = {};
    timer_.cancel();
  }

  void add(ticked& one) {
    if (!one.is_linked()) list_.push_back(one);
    wind();
  }
  // The time of the last tick, or by the clock where one runs; less what this shard was kept from
  // its work (running_clock).
  [[nodiscard]] raft::milliseconds now() const {
    if (every_.count() == 0) return now_;
    const auto read = read_clock();
    return std::max(now_, timer_.armed() ? running_.now(read) : running_.unwatched(read));
  }
  // By the timer; by tests, whose clock this is then.
  void tick(raft::milliseconds now) {
    now_ = std::max(now_, now);
    asking round(list_);
    while (!round.left.empty()) {
      auto& one = round.left.front();
      round.left.pop_front();
      list_.push_back(one);
      if (!one.tick(now_)) one.unlink();
    }
    if (list_.empty()) timer_.cancel();
  }
  [[nodiscard]] std::size_t awake() const { return list_.size(); }

 private:
  using list = boost::intrusive::list<ticked, boost::intrusive::constant_time_size<false>>;
  // Nobody is forgotten because of another one's exception.
  struct asking {
    explicit asking(list& of) : all(of) { left.swap(all); }
    asking(const asking&) = delete;
    ~asking() { all.splice(all.end(), left); }
    list& all;
    list left;
  };
  static raft::milliseconds read_clock() {
    return std::chrono::duration_cast<raft::milliseconds>(clock::now().time_since_epoch());
  }

  void wind() {
    if (every_.count() == 0 || timer_.armed() || list_.empty()) return;
    running_.begin(read_clock(), late_after * every_);
    timer_.arm_periodic(every_);
  }

  static constexpr int late_after = 2;  // ticks

  seastar::timer<clock> timer_;
  running_clock running_;
  raft::milliseconds every_{};  // zero: not started
  raft::milliseconds now_{};
  list list_;
};

}  // namespace weir
