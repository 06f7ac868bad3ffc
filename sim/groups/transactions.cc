#include "sim/groups/transactions.h"

#include <algorithm>
#include <utility>

namespace weir::sim::groups {

producer_epoch transactions::begin(const std::string& group, producer_id producer) {
  auto& t = all_[producer];
  t.group = group;
  t.epoch = producer_epoch(static_cast<std::int16_t>(t.epoch.value() + 1));
  t.at = stage::open;
  t.told = {};
  around_.events.after(around_.rules.transaction_timeout, [this, producer, epoch = t.epoch] {
    if (is_open(producer, epoch)) decide(producer, false);
  });
  return t.epoch;
}

bool transactions::is_open(producer_id producer, producer_epoch epoch) const {
  const auto at = all_.find(producer);
  return at != all_.end() && at->second.epoch == epoch && at->second.at == stage::open;
}

bool transactions::any_open() const {
  return std::ranges::any_of(all_, [](const auto& t) { return t.second.at != stage::ended; });
}

void transactions::end(producer_id producer, bool commit, std::function<void(bool)> then) {
  auto& t = all_[producer];
  if (t.at == stage::ended) return then(t.commits);
  t.told = std::move(then);
  if (t.at == stage::open) decide(producer, commit);
}

void transactions::decide(producer_id producer, bool commit) {
  auto& t = all_[producer];
  t.at = commit ? stage::committing : stage::aborting;
  t.commits = commit;
  ++(commit ? committed_ : aborted_);
  send(producer, t.epoch);
}

void transactions::send(producer_id producer, producer_epoch epoch) {
  const auto& t = all_[producer];
  if (t.epoch != epoch || t.at == stage::ended) return;
  write_(t.group, {.producer = producer, .epoch = epoch, .commit = t.commits},
         [this, producer, epoch](bool written) {
           if (written) ended(producer, epoch);
         });
  around_.events.after(around_.rules.patience, [this, producer, epoch] { send(producer, epoch); });
}

void transactions::ended(producer_id producer, producer_epoch epoch) {
  auto& t = all_[producer];
  if (t.epoch != epoch || t.at == stage::ended) return;
  t.at = stage::ended;
  if (const auto then = std::exchange(t.told, {})) then(t.commits);
}

}  // namespace weir::sim::groups
