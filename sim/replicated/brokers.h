#pragma once
// Brokers that have copies of logs, and what goes wrong with them: crashes, cut links, leaders that
// move, where the dice want it and at the end of any step.
#include <functional>
#include <memory>
#include <vector>

#include "sim/replicated/clock.h"
#include "sim/replicated/replicated_log.h"

namespace weir::sim::replicated {

// How often trouble comes, on average; 0: not in this run.
struct trouble_rules {
  moment crash_every = 0;
  moment down_max = 400 * ms;
  moment cut_every = 0;
  moment cut_max = 800 * ms;
  moment move_every = 0;
  moment compact_every = 0;
  std::uint32_t mischief = 0;  // of a million steps, at each of their ends: a crash or a new leader
};

class brokers {
 public:
  brokers(surroundings& around, const trouble_rules& rules, std::size_t count);

  replicated_log& add_log(const cleaner_defects& broken, replicated_log::told_committed committed);
  // Of those that are compacted: the first ones.
  void compacts(std::size_t logs) { compacted_ = logs; }
  // What else ends and begins with a broker.
  std::function<void(broker)> crashed;

  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] std::size_t logs() const { return logs_.size(); }
  replicated_log& log(std::size_t number) { return *logs_[number]; }
  [[nodiscard]] const replicated_log& log(std::size_t number) const { return *logs_[number]; }
  [[nodiscard]] std::uint64_t leaders() const { return leaders_; }

  // Again and again until all is calm.
  void trouble(moment every, std::function<void()> what);
  void start_trouble();
  // Somebody stands for election where nobody leads whom most can hear.
  void keep_led();
  // Between any two steps: the broker crashes, or another one leads. Whether it serves no more.
  bool hit(std::size_t log, broker b);
  // All links hold.
  void heal();
  // Whoever thinks that it leads, as the answer of any broker might have it; otherwise anybody.
  [[nodiscard]] broker find_leader(std::size_t log);

 private:
  void crash(broker b);
  void cut();
  void elect_somebody(std::size_t log);

  surroundings& around_;
  trouble_rules rules_;
  std::size_t count_;
  std::vector<std::unique_ptr<replicated_log>> logs_;
  std::size_t compacted_ = 0;
  std::uint64_t leaders_ = 0;
};

}  // namespace weir::sim::replicated
