#pragma once
// What each leader of a share partition has out, record by record, beside it: by what it gave and
// was told, by rules of its own.
#include <cstdint>
#include <expected>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "sim/shares/stored_truth.h"

namespace weir::sim::shares {

class leader_truth {
 public:
  leader_truth(const plan& rules, const data_truth& data, stored_truth& stored,
               share::share_partition of, std::int32_t epoch)
      : rules_(rules), data_(data), stored_(stored), of_(std::move(of)), epoch_(epoch) {}

  // Begins with what it read, in that life of the state.
  void loads(std::uint64_t life, const share::share_state& read, offset start);
  // Times are the broker's, in milliseconds.
  void gives(const std::string& member, std::span<const share::acquired_range> what,
             std::int64_t now_ms);
  // It took these acknowledgements, or did not. Those of records before `start` mean nothing. The
  // records that are given up or accepted by it.
  std::vector<std::int64_t> hears(const std::string& member,
                                  std::span<const share::acknowledgement> what, offset start,
                                  const std::expected<void, share::acknowledge_error>& took,
                                  std::int64_t now_ms);
  // It tells a member that these are stored.
  void promises(std::span<const std::int64_t> done);
  void ends_locks(std::int64_t now_ms);
  void releases(const std::string& member);
  void is_at(offset start);
  // It has nothing to store.
  void is_quiet() const;

  [[nodiscard]] const share::share_partition& of() const { return of_; }
  [[nodiscard]] std::int32_t epoch() const { return epoch_; }
  [[nodiscard]] std::uint64_t life() const { return life_; }
  void ends() { over_ = true; }
  [[nodiscard]] bool over() const { return over_; }
  // What ended with it.
  [[nodiscard]] const std::set<std::int64_t>& done() const { return done_; }
  [[nodiscard]] std::uint64_t too_late() const { return too_late_; }

 private:
  enum class place : std::uint8_t { here, out, done };
  struct record {
    place at = place::here;
    std::int16_t count = 0;
    std::string member{};
    std::int64_t deadline_ms = 0;
  };
  // Whether the coordinators would take what it says.
  [[nodiscard]] bool is_current() const;
  [[nodiscard]] fate* fate_of(std::int64_t o) const;
  void give(const std::string& member, std::int64_t o, std::int16_t count, std::int64_t now_ms);
  void let_go(std::int64_t o, record& r);
  void end(std::int64_t o, record& r);
  [[nodiscard]] bool has_all(const std::string& member,
                             std::span<const share::acknowledgement> what) const;
  [[nodiscard]] partition_key key() const { return {of_.topic, of_.partition.value()}; }

  const plan& rules_;
  const data_truth& data_;
  stored_truth& stored_;
  share::share_partition of_;
  std::int32_t epoch_;
  std::uint64_t life_ = 0;
  bool over_ = false;
  std::int64_t start_ = 0;
  std::map<std::int64_t, record> records_;
  std::set<std::int64_t> done_;
  std::uint64_t too_late_ = 0;  // given out though another leader has it done
};

}  // namespace weir::sim::shares
