#pragma once
// One partition of `__transaction_state`: its log, and whoever leads it. Does what the shell will
// do (core/group/emitted.h, core/transaction/effects.h), and compares the state with its replay
// after every step.
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "core/transaction/coordinator.h"
#include "sim/transactions/surroundings.h"

namespace weir::sim::transactions {

using transaction::marker_failure;
using transaction::markers_to_send;
using transaction::topic_partition;

// What a partition says of a marker; none: nothing was heard.
enum class marker_answer : std::uint8_t { written, unreachable, superseded, coordinator_fenced };

struct ways_out {
  std::function<producer_id()> fresh_producer;
  // To the leader of a partition. The attempt is given up by whoever asked.
  std::function<void(const topic_partition&, const markers_to_send&, const attempt&,
                     std::function<void(marker_answer)>)>
      write_marker;
};

class coordinator_host {
 public:
  coordinator_host(surroundings& around, ways_out out, std::vector<group::coordinator_record> log);
  void start();
  void crash();
  void compact();
  // None: nobody leads here now.
  void ask(const transaction::request& r, std::int16_t version,
           std::function<void(std::optional<transaction::answer>)> then);
  // Whether what this marker says is what the log says last, committed.
  [[nodiscard]] bool has_decided(const markers_to_send& m) const;
  [[nodiscard]] bool leads() const { return leads_ != nullptr; }
  // What is not idle, in words; empty: nothing.
  [[nodiscard]] std::string unfinished() const;

 private:
  struct waiting {
    std::size_t until;  // records committed
    std::function<void()> then;
  };

  [[nodiscard]] transaction::moment now() const;
  void take(transaction::effects out);
  void when_committed(bool at_once, std::function<void()> then);
  void commit(std::size_t through);
  void send(const markers_to_send& m, const topic_partition& to);
  void report(const markers_to_send& m, const topic_partition& of, std::optional<marker_answer> a);
  void wake_up();
  void check_replay() const;

  surroundings& around_;
  ways_out out_;
  transaction::transaction_settings settings_;
  std::vector<group::coordinator_record> log_;
  std::size_t committed_ = 0;
  std::int32_t term_ = 0;
  std::unique_ptr<transaction::transaction_coordinator> leads_;
  std::unique_ptr<transaction::transaction_coordinator> replayed_;
  std::deque<waiting> waiting_;
  std::map<group::ticket, std::function<void(std::optional<transaction::answer>)>> asked_;
  group::ticket tickets_ = 0;
  moment alarm_ = -1;  // the earliest wake_up that is asked for
};

}  // namespace weir::sim::transactions
