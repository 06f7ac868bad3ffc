#pragma once
// One partition as one share group reads it, on a broker that leads the partition: does around
// core/share/deliveries what engine/share/led_share_partition does. Whatever it decides it tells
// the oracle.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/shares/data_partition.h"
#include "sim/shares/oracle.h"
#include "sim/shares/persister.h"

namespace weir::sim::shares {

// What a member says of records that it had.
struct said {
  share::offset_range of;
  std::vector<std::int8_t> types;
};

class share_leader : public std::enable_shared_from_this<share_leader> {
 public:
  using error_code = kafka::error_code;
  struct place {
    share::share_partition name;
    broker on = 0;
    std::size_t state_log = 0;
    clock time;
  };
  struct budget {
    std::int32_t records = 0;
    bool exact = false;
  };
  using taken = std::function<void(std::vector<share::acquired_range>)>;
  using told = std::function<void(error_code)>;

  share_leader(surroundings& around, place at, data_partition& from, persister& states);

  // Reads what is stored.
  void begin();
  [[nodiscard]] const std::optional<error_code>& over() const { return over_; }
  void end(error_code why);
  // The broker is gone: nobody is told.
  void crash();
  // Leadership and the log's start are looked at before each use.
  bool look();

  // What there is for a member now. Nothing while it is not ready, or another one reads.
  void take(const std::string& member, budget b, taken then);
  // Tells once what it changed is stored.
  void acknowledge(const std::string& member, const std::vector<said>& what, told then);
  // The member's session is over. Where nothing is out any more, so is this, soon.
  void release(const std::string& member);
  // A member's session begins. Where nothing is out, what is stored is read again.
  void refresh();
  // The world ends: who waits holds on to this, and this to who waits.
  void let_go() { std::exchange(waiting_, {}).clear(); }
  [[nodiscard]] bool idle_since(moment then) const;

 private:
  [[nodiscard]] bool led() const;
  [[nodiscard]] std::int64_t now_ms() const;
  void loaded(const share::answer& a, std::uint64_t tag);
  void ready(share::deliveries made, const share::share_state& read, std::uint64_t life);
  void read_on(const std::string& member, const budget& b, const taken& then);
  std::optional<std::vector<share::acquired_range>> take_once(const std::string& member,
                                                              const budget& b);
  void store(share::delivery_change change, told then);
  void store_aside(share::delivery_change change);
  void write_on();
  void written(error_code code, const std::vector<told>& whom);
  void write(const share::delivery_change& change, const told& then);
  void settled();
  void tick();

  surroundings& around_;
  place at_;
  data_partition& from_;
  persister& states_;
  std::int32_t epoch_;
  std::uint64_t name_;  // of the oracle
  std::int32_t state_epoch_ = 0;
  std::uint64_t life_ = 0;
  std::optional<share::deliveries> deliveries_;
  std::optional<error_code> over_;
  bool reading_ = false;
  // Changes that wait for the write under way, and who waits for them.
  share::delivery_change unsaid_;
  std::vector<told> waiting_;
  bool writing_ = false;
  moment used_ = 0;          // when it last gave or was told something
  std::uint64_t alarm_ = 0;  // only the last one rings
};

}  // namespace weir::sim::shares
