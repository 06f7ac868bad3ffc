#pragma once
// What share coordinators have stored, record by record, as the committed log says it; by rules of
// its own, not by the coordinator's code. Each change must have somebody who asked for it, and each
// record that is done somebody who did it.
#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "core/share/record.h"
#include "sim/shares/data_truth.h"

namespace weir::sim::shares {

enum class wish : std::uint8_t { group_begins, admin_begins, ends, reads, writes };

// Who asks a share coordinator, and what for.
struct errand {
  wish what = wish::reads;
  std::uint64_t leader = 0;  // of reads and writes
  std::int32_t leader_epoch = -1;
  std::int32_t state_epoch = -1;
  std::uint64_t life = 0;                        // of writes: of the state that the leader read
  const std::set<std::int64_t>* done = nullptr;  // of writes: the records that ended with him
};

// What became of one record, in one life of a state.
struct fate {
  std::int64_t deliveries = 0;
  bool done = false;  // accepted or rejected by who had it, or delivered too often
  bool told = false;  // and he was told that it is stored
};

struct stored_state {
  bool there = false;
  std::uint64_t life = 0;  // another one with each beginning and end
  std::uint64_t born = 0;  // the first one since the state was deleted
  std::int32_t snapshot_epoch = -1;
  std::int32_t state_epoch = -1;
  std::int32_t leader_epoch = -1;
  std::int64_t start = -1;
  struct record {
    std::int8_t state = 0;
    std::int16_t count = 0;
    [[nodiscard]] bool done() const { return state != 0; }
  };
  using records_by_offset = std::map<std::int64_t, record>;
  records_by_offset records{};
  std::map<std::int64_t, fate> fates{};
  [[nodiscard]] bool is_done(std::int64_t o) const {
    const auto at = records.find(o);
    return o < start || (at != records.end() && at->second.done());
  }
  [[nodiscard]] std::int16_t count_of(std::int64_t o) const {
    const auto at = records.find(o);
    return at == records.end() ? std::int16_t{0} : at->second.count;
  }
};

class stored_truth {
 public:
  explicit stored_truth(const data_truth& data, bool from_latest)
      : data_(data), from_latest_(from_latest) {}

  // A record of the committed log, in its order. Null: nobody is known to have asked.
  void take(const group::coordinator_record& r, const errand* by);
  stored_state& of(const share::share_partition& p) { return all_[p]; }
  [[nodiscard]] const std::map<share::share_partition, stored_state>& all() const { return all_; }
  [[nodiscard]] std::uint64_t writes() const { return writes_; }

 private:
  void snapshot(const share::share_partition& p, const share::share_state& is, const errand& by);
  void update(const share::share_partition& p, const share::share_update& is, const errand& by);
  void begin(const share::share_partition& p, const share::share_state& is, const errand& by);
  void check(const share::share_partition& p, const stored_state& s, const errand& by) const;
  void move_start(const share::share_partition& p, stored_state& s, std::int64_t to,
                  const errand& by);
  void put(const share::share_partition& p, stored_state& s, const share::state_batch& b,
           const errand& by, const stored_state::records_by_offset& before);
  void is_justified(const share::share_partition& p, std::int64_t o, const errand& by) const;

  const data_truth& data_;
  bool from_latest_;
  std::map<share::share_partition, stored_state> all_;
  std::uint64_t writes_ = 0;
};

std::string str(const share::share_partition& p);

}  // namespace weir::sim::shares
