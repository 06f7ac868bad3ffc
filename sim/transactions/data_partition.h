#pragma once
// One partition with records: the rules of docs/decisions/0015-transactions-in-a-log.md, in a model
// of its log. What it appends is committed at once; what its leader knows beside the log is lost
// with it.
#include <functional>
#include <map>
#include <optional>
#include <set>

#include "core/transaction/effects.h"
#include "sim/transactions/coordinator_host.h"
#include "sim/transactions/surroundings.h"

namespace weir::sim::transactions {

struct record_to_store {
  std::string transactional_id;
  producer_id producer;
  producer_epoch epoch;
  std::int32_t sequence = 0;
  bool adds_itself = false;  // version 2: its arrival adds the partition to the transaction
  transaction_number transaction = 0;
  record_number number = 0;
};

enum class store_answer : std::uint8_t {
  stored,
  again,      // later: the coordinator is busy, or away
  order,      // a sequence is missing
  abortable,  // this transaction can only be aborted
  fenced,     // another producer has taken over
};

class data_partition {
 public:
  // Asks the coordinator of an id; none: no answer.
  using ask_coordinator =
      std::function<void(const std::string& id, const transaction::request& r,
                         std::function<void(std::optional<transaction::answer>)> then)>;

  // Whether the coordinator's log holds what a marker says.
  using is_decided = std::function<bool(const transaction::markers_to_send& m)>;

  data_partition(surroundings& around, topic_partition name, ask_coordinator ask,
                 is_decided decided)
      : around_(around),
        name_(std::move(name)),
        ask_(std::move(ask)),
        decided_(std::move(decided)) {}

  void store(const record_to_store& r, std::function<void(store_answer)> then);
  marker_answer end(const transaction::markers_to_send& m);
  void restart() { ++leader_; }
  [[nodiscard]] const topic_partition& name() const { return name_; }
  [[nodiscard]] bool anything_open() const;

 private:
  struct producer {
    producer_epoch epoch = no_producer_epoch;
    std::int32_t last_sequence = -1;
    std::int32_t coordinator_epoch = -1;
    std::uint64_t markers = 0;
    std::set<record_number> open;  // of the transaction that is open
    transaction_number transaction = 0;
  };

  std::optional<store_answer> check(const producer& p, const record_to_store& r) const;
  void append(producer& p, const record_to_store& r);
  void verify(const record_to_store& r, std::function<void(store_answer)> then);

  surroundings& around_;
  topic_partition name_;
  ask_coordinator ask_;
  is_decided decided_;
  std::map<producer_id, producer> producers_;
  std::uint64_t leader_ = 1;
};

}  // namespace weir::sim::transactions
