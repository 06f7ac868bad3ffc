#pragma once
// The aborted transactions of one partition: whose records readers of committed ones must not see
// (KIP-98). In order of their markers; bounded (by an eighth more than is said, so that they are
// moved seldom), the oldest are forgotten first.
#include <cstdint>
#include <vector>

#include "core/base/ids.h"

namespace weir::log {

struct aborted_transaction {
  producer_id producer = no_producer_id;
  offset first{};   // of its first batch
  offset last{};    // of its marker
  offset stable{};  // first offset of what was open behind the marker, or the next one: whatever
                    // ended later began here or later
  bool operator==(const aborted_transaction&) const = default;
};

class aborted_transactions {
 public:
  static constexpr std::size_t kept_default = 10'000;

  explicit aborted_transactions(std::size_t kept_max = kept_default) : kept_max_(kept_max) {}

  // Its marker is behind all markers added before.
  void add(const aborted_transaction& one);
  // Another bound.
  void keep(std::size_t most);
  // Those that ended below are nobody's any more.
  void trim(offset start);
  // The marker at `last` is gone, with all records of its transaction (compaction).
  void forget(offset last);

  // Those with anything in [from, below), if it is known of all of them: covers(from).
  [[nodiscard]] std::vector<aborted_transaction> within(offset from, offset below) const;
  // Whether a transactional batch of the producer at `at`, in a transaction that has ended, was
  // aborted; if covers(at).
  [[nodiscard]] bool has(producer_id producer, offset at) const;
  // All that ended at or behind `at` are here.
  [[nodiscard]] bool covers(offset at) const { return at >= complete_from_; }
  [[nodiscard]] offset complete_from() const { return complete_from_; }
  // Changes with each forget() of one that was here.
  [[nodiscard]] std::uint64_t forgotten() const { return forgotten_; }

  [[nodiscard]] const std::vector<aborted_transaction>& all() const { return all_; }
  [[nodiscard]] std::size_t memory() const { return all_.size() * sizeof(aborted_transaction); }

 private:
  friend class producer_sequences;  // its snapshot holds them

  void push_out();
  using place = std::vector<aborted_transaction>::const_iterator;
  [[nodiscard]] place ended_at_or_behind(offset at) const;

  std::vector<aborted_transaction> all_;  // most partitions have none
  std::size_t kept_max_;
  offset complete_from_{0};
  std::uint64_t forgotten_ = 0;
};

}  // namespace weir::log
