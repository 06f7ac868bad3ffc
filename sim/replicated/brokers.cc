#include "sim/replicated/brokers.h"

#include <utility>

namespace weir::sim::replicated {

brokers::brokers(surroundings& around, const trouble_rules& rules, std::size_t count)
    : around_(around), rules_(rules), count_(count) {
  around_.cut.assign(count, std::vector(count, false));
}

replicated_log& brokers::add_log(const cleaner_defects& broken,
                                 replicated_log::told_committed committed) {
  logs_.push_back(std::make_unique<replicated_log>(around_, logs_.size(), count_, broken,
                                                   std::move(committed)));
  return *logs_.back();
}

void brokers::trouble(moment every, std::function<void()> what) {
  if (every == 0) return;
  around_.events.after(around_.chance.between(1, 2 * every), [this, every, what = std::move(what)] {
    if (around_.calm) return;
    what();
    trouble(every, what);
  });
}

void brokers::start_trouble() {
  trouble(rules_.crash_every, [this] { crash(around_.chance.below(count_)); });
  trouble(rules_.cut_every, [this] { cut(); });
  trouble(rules_.move_every, [this] { elect_somebody(around_.chance.below(logs_.size())); });
  trouble(rules_.compact_every, [this] {
    logs_[around_.chance.below(compacted_)]->compact(around_.chance.below(count_));
  });
}

void brokers::elect_somebody(std::size_t log) {
  if (logs_[log]->elect(around_.chance.below(count_))) ++leaders_;
}

void brokers::keep_led() {
  for (std::size_t l = 0; l < logs_.size(); ++l) {
    if (!logs_[l]->is_led()) elect_somebody(l);
  }
  around_.events.after(around_.chance.between(5 * ms, 60 * ms), [this] { keep_led(); });
}

bool brokers::hit(std::size_t log, broker b) {
  if (around_.calm || rules_.mischief == 0 || !around_.chance.chance(rules_.mischief)) return false;
  around_.note("broker {} is hit", b);
  if (around_.chance.chance(400'000)) {
    crash(b);
    return true;
  }
  elect_somebody(log);
  return !logs_[log]->serves(b);
}

void brokers::crash(broker b) {
  if (!logs_[0]->up(b)) return;
  around_.note("broker {} crashes", b);
  for (auto& log : logs_) log->crash(b);
  if (crashed) crashed(b);
  around_.events.after(around_.chance.between(1, rules_.down_max), [this, b] {
    for (auto& log : logs_) log->start(b);
  });
}

void brokers::cut() {
  if (count_ < 2) return;
  auto from = around_.chance.below(count_);
  const auto& log = *logs_[around_.chance.below(logs_.size())];
  for (broker b = 0; around_.chance.chance(500'000) && b < count_; ++b) {
    if (log.serves(b)) from = b;
  }
  const bool alone = around_.chance.chance(500'000);
  const bool both = around_.chance.chance(500'000);
  const auto other = (from + 1 + around_.chance.below(count_ - 1)) % count_;
  const auto set = [this, from, alone, both, other](bool is) {
    for (broker to = 0; to < count_; ++to) {
      if (to == from || (!alone && to != other)) continue;
      around_.cut[from][to] = is;
      if (both || !is) around_.cut[to][from] = is;
    }
  };
  around_.note("broker {} is cut off{}", from, both ? "" : ", one way");
  set(true);
  around_.events.after(around_.chance.between(1, rules_.cut_max), [set] { set(false); });
}

void brokers::heal() {
  for (auto& row : around_.cut) row.assign(row.size(), false);
}

broker brokers::find_leader(std::size_t log) {
  std::vector<broker> leading;
  for (broker b = 0; b < count_; ++b) {
    if (logs_[log]->leads(b)) leading.push_back(b);
  }
  return leading.empty() ? around_.chance.below(count_) : around_.chance.pick(leading);
}

}  // namespace weir::sim::replicated
