#pragma once
// Transactions of producers that commit offsets in them: each has an epoch of its own (KIP-890), is
// decided once, and its marker is sent until it is in the log. Their own coordinator is simulated
// in sim/transactions.
#include <functional>
#include <map>
#include <string>

#include "sim/groups/surroundings.h"

namespace weir::sim::groups {

class transactions {
 public:
  // To whoever may lead the log with this group; true: it is written.
  using write_marker =
      std::function<void(const std::string& group, const marker& m, std::function<void(bool)>)>;

  transactions(surroundings& around, write_marker write)
      : around_(around), write_(std::move(write)) {}

  // Another one of this producer, if it is not its first: the one before has ended.
  producer_epoch begin(const std::string& group, producer_id producer);
  // Tells what it was decided to be, which may be something else, once the marker is written.
  void end(producer_id producer, bool commit, std::function<void(bool)> then);
  [[nodiscard]] bool is_open(producer_id producer, producer_epoch epoch) const;
  [[nodiscard]] bool any_open() const;
  [[nodiscard]] std::uint64_t committed() const { return committed_; }
  [[nodiscard]] std::uint64_t aborted() const { return aborted_; }

 private:
  enum class stage { open, committing, aborting, ended };
  struct one {
    std::string group;
    producer_epoch epoch{-1};
    stage at = stage::ended;
    bool commits = false;
    std::function<void(bool)> told;
  };
  void decide(producer_id producer, bool commit);
  void send(producer_id producer, producer_epoch epoch);
  void ended(producer_id producer, producer_epoch epoch);

  surroundings& around_;
  write_marker write_;
  std::map<producer_id, one> all_;
  std::uint64_t committed_ = 0;
  std::uint64_t aborted_ = 0;
};

}  // namespace weir::sim::groups
