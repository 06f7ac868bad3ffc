#pragma once
// One partition as one share group reads it (KIP-932): which records are out with which member, how
// often each was delivered, what is done. Kept by the leader of the partition; what must outlive it
// is stored by the share coordinator (coordinator.h). Pure:
// docs/decisions/0020-share-partitions.md.
//
// Entry points: the constructor (what the share coordinator has stored), next_fetch and acquire (a
// fetch), acknowledge, release_all (a member is gone), tick (locks end), log_starts_at.
//
// Invariants: runs follow each other without a gap from start() to end(); a record is acquired by
// one member at most; start() never goes back; what is done is not acquired again. A change holds
// all that a step made of records that are not acquired: once it is stored, a leader that reads it
// goes on as this one would, but for records that are out, which are delivered again.
#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/base/text.h"
#include "core/share/defects.h"
#include "core/share/share_state.h"

namespace weir::share {

enum class delivery_state : std::int8_t {
  available = 0,
  acquired = 1,
  acknowledged = 2,
  archived = 4
};

enum class acknowledge_type : std::int8_t {
  gap = 0,
  accept = 1,
  release = 2,
  reject = 3,
  renew = 4
};

struct delivery_settings {
  std::int32_t lock_duration_ms = 30'000;     // share.record.lock.duration.ms
  std::int16_t deliveries_max = 5;            // share.delivery.count.limit
  std::int32_t records_in_flight_max = 2000;  // share.partition.max.record.locks
};

// Both ends belong to it.
struct offset_range {
  offset first;
  offset last;
  bool operator==(const offset_range&) const = default;
};

struct acquired_range {
  offset first;
  offset last;
  std::int16_t delivery_count = 0;
  bool operator==(const acquired_range&) const = default;
};

// One type for all of them, or one for each.
struct acknowledgement {
  offset_range of;
  std::span<const std::int8_t> types;
};

// What the share coordinator is to be told.
struct delivery_change {
  offset start = no_offset;
  std::int32_t complete_count = 0;  // of records behind the start that are done
  state_batches batches{};
  bool moved = false;  // the start did
  [[nodiscard]] bool empty() const { return batches.empty() && !moved; }
};
// Two changes, one after the other, as one.
void add(delivery_change& to, delivery_change more, const defects& broken = {});

enum class acknowledge_error : std::uint8_t {
  invalid_request,  // not what a client may say
  past_end,         // begins behind all that was ever given out
  not_acquired,     // a record that nobody has
  not_owner,        // a record that another member has
};

// Which of the records that were read may be given to a member.
struct acquisition {
  offset asked;                          // what next_fetch() said
  offset_range read;                     // from the first record that was read to the last
  std::span<const offset> batch_ends{};  // the last offsets of the batches read, ascending
  // Read, and for nobody: control batches, and what aborted transactions left. Ascending.
  std::span<const offset_range> hidden{};
  std::int32_t records_max = 0;
  bool whole_batches = true;  // the batch that records_max falls into is given as a whole
};

class deliveries {
 public:
  // `start`: where the group begins if nothing is stored of it.
  deliveries(const share_state& stored, offset start, const defects& broken = {});

  // Where to read for a member: nothing, if too many records are out already.
  [[nodiscard]] std::optional<offset> next_fetch(const delivery_settings& s) const;
  // In order; neighbours differ. Between `asked` and what was read there is nothing, and never will
  // be.
  std::vector<acquired_range> acquire(const text& member, const acquisition& of,
                                      const delivery_settings& s, std::int64_t now_ms);
  // All of them, or nothing. Records before the start are done already: no error.
  std::expected<delivery_change, acknowledge_error> acknowledge(
      const text& member, std::span<const acknowledgement> what, const delivery_settings& s,
      std::int64_t now_ms);
  // The member's session is over. The delivery counts, as it does when a lock ends: a record that
  // kills whoever gets it must not go round for ever.
  delivery_change release_all(const text& member, const delivery_settings& s);
  // Locks that are over. Nothing happens before next_deadline().
  delivery_change tick(const delivery_settings& s, std::int64_t now_ms);
  // Steady time; maybe too early, never too late.
  [[nodiscard]] std::optional<std::int64_t> next_deadline() const { return deadline_; }
  // Records that nobody may see. Those that are acquired are not touched.
  delivery_change archive(std::span<const offset_range> ranges);
  // What is before is not there any more.
  delivery_change log_starts_at(offset first);

  [[nodiscard]] offset start() const { return start_; }
  // Behind the last record that was ever acquired.
  [[nodiscard]] offset end() const { return end_; }
  [[nodiscard]] std::int32_t complete_count() const;
  [[nodiscard]] std::int64_t in_flight() const;
  // Whether any member has any record.
  [[nodiscard]] bool any_out() const { return deadline_.has_value(); }
  [[nodiscard]] delivery_state state_of(offset o) const;
  [[nodiscard]] std::int16_t count_of(offset o) const;
  // Of tests: throws nothing, says what is broken.
  [[nodiscard]] std::string_view broken() const;

 private:
  struct run {
    offset last;
    delivery_state state = delivery_state::available;
    std::int16_t count = 0;
    text member{};                 // of acquired ones
    std::int64_t deadline_ms = 0;  // the same
    [[nodiscard]] bool follows(const run& r) const {
      return state == r.state && count == r.count && member == r.member &&
             deadline_ms == r.deadline_ms;
    }
  };
  using run_map = std::map<offset, run>;

  [[nodiscard]] const run* find(offset o) const;
  // A run begins at `at`, if it is inside.
  void split(offset at);
  run_map::iterator first_of(offset_range r);
  [[nodiscard]] static offset batch_end(const acquisition& of, offset last);
  void extend(const acquisition& of, const delivery_settings& s);
  void trim(offset end_before);
  void pass_over(offset_range r);
  void change(run_map::iterator at, delivery_state to, delivery_change& out);
  void let_go(run_map::iterator at, std::int16_t deliveries_max, delivery_change& out);
  [[nodiscard]] bool joins(const run& next, const run& before) const;
  [[nodiscard]] std::expected<void, acknowledge_error> holds(const text& member,
                                                             const acknowledgement& a) const;
  void take(const acknowledgement& a, const delivery_settings& s, std::int64_t now_ms,
            delivery_change& out);
  void append(offset first, run r);
  // Moves the start, joins what is alike, and says how things stand.
  delivery_change settle(delivery_change out);

  run_map runs_;
  offset start_;
  offset end_;
  std::optional<std::int64_t> deadline_;
  [[no_unique_address]] defects broken_;
};

}  // namespace weir::share
