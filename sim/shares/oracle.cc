#include "sim/shares/oracle.h"

namespace weir::sim::shares {

oracle::oracle(const plan& rules, std::size_t state_logs)
    : rules_(rules), stored_(data_, rules.from_latest), folded_(state_logs, 0) {
  for (std::size_t i = 0; i < state_logs; ++i) {
    folds_.push_back(std::make_unique<share::share_coordinator>(rules_.states));
    folds_.back()->loaded();
  }
}

std::uint64_t oracle::errand_of(errand e) {
  if (e.what == wish::writes) {
    e.done = &leader(e.leader).done();
  }
  errands_.emplace(++tags_, e);
  return tags_;
}

void oracle::committed(std::size_t log, std::size_t index, const placed& what) {
  require(index == folded_[log], "log {} commits {} after {}", log, index, folded_[log]);
  ++folded_[log];
  const auto at = errands_.find(what.tag);
  for (const auto& r : what.batch.records) {
    stored_.take(r, at == errands_.end() ? nullptr : &at->second);
    require(folds_[log]->apply(r.key, r.value).has_value(), "a committed record can't be read");
    if (at == errands_.end() || at->second.what != wish::reads) continue;
    const auto key = share::decode_key(r.key).value();
    const auto* update = std::get_if<share::update_key>(&key);
    const auto& p = update ? update->of : std::get<share::snapshot_key>(key).of;
    lives_read_[what.tag] = stored_.of(p).life;
  }
}

void oracle::loaded(std::size_t log, std::size_t through,
                    const share::share_coordinator& state) const {
  if (folded_[log] != through) return;  // somebody else leads by now
  require(state.all() == folds_[log]->all(), "who leads log {} has not what is committed", log);
}

std::uint64_t oracle::leader_begins(const share::share_partition& p, std::int32_t epoch) {
  leaders_.emplace(++names_, std::make_unique<leader_truth>(rules_, data_, stored_, p, epoch));
  return names_;
}

bool oracle::is_of_deleted(std::uint64_t tag) {
  const auto& e = errands_.at(tag);
  if (e.what != wish::writes) return false;
  const auto& by = leader(e.leader);
  return by.over() && e.life < stored_.of(by.of()).born;
}

std::uint64_t oracle::life_read(std::uint64_t tag, const share::share_partition& p) {
  const auto at = lives_read_.find(tag);
  return at == lives_read_.end() ? stored_.of(p).life : at->second;
}

std::uint64_t oracle::too_late() const {
  std::uint64_t out = 0;
  for (const auto& [name, l] : leaders_) out += l->too_late();
  return out;
}

std::uint64_t oracle::deliveries() const {
  std::uint64_t out = 0;
  for (const auto& [p, s] : stored_.all()) {
    for (const auto& [o, f] : s.fates) out += static_cast<std::uint64_t>(f.deliveries);
  }
  return out;
}

}  // namespace weir::sim::shares
