#pragma once
// What really happened: by what is committed in the logs, what leaders gave and were told; not by
// what they think.
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/shares/leader_truth.h"

namespace weir::sim::shares {

class oracle {
 public:
  oracle(const plan& rules, std::size_t state_logs);

  // Who is about to ask a share coordinator: the tag of what it places.
  std::uint64_t errand_of(errand e);
  // A write of a leader that is over, about a state that was deleted. Nothing in it tells it from
  // those of the leader after it, if both are on one broker and a group of the same name began.
  [[nodiscard]] bool is_of_deleted(std::uint64_t tag);
  // An entry of a log of states is committed, in the order of the log.
  void committed(std::size_t log, std::size_t index, const placed& what);
  // A coordinator's state, which is what it read of its log up to there.
  void loaded(std::size_t log, std::size_t through, const share::share_coordinator& state) const;

  // A broker begins to lead a share partition. Its name here.
  std::uint64_t leader_begins(const share::share_partition& p, std::int32_t epoch);
  leader_truth& leader(std::uint64_t name) { return *leaders_.at(name); }
  // The life that this read was of; that of now where it is in no log.
  [[nodiscard]] std::uint64_t life_read(std::uint64_t tag, const share::share_partition& p);

  void record(const partition_key& p, const placed& what) { data_.committed(p, what); }
  void deleted(const partition_key& p, offset before) { data_.deleted(p, before); }
  void compacted(const partition_key& p, offset first, offset last) {
    data_.compacted(p, first, last);
  }

  [[nodiscard]] const data_truth& data() const { return data_; }
  [[nodiscard]] stored_truth& stored() { return stored_; }
  [[nodiscard]] std::uint64_t too_late() const;
  [[nodiscard]] std::uint64_t deliveries() const;

 private:
  const plan& rules_;
  data_truth data_;
  stored_truth stored_;
  std::vector<std::unique_ptr<share::share_coordinator>> folds_;  // of what is committed
  std::vector<std::size_t> folded_;
  std::map<std::uint64_t, errand> errands_;
  std::map<std::uint64_t, std::uint64_t> lives_read_;
  std::map<std::uint64_t, std::unique_ptr<leader_truth>> leaders_;
  std::uint64_t tags_ = 0;
  std::uint64_t names_ = 0;
};

}  // namespace weir::sim::shares
