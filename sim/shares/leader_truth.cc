#include "sim/shares/leader_truth.h"

#include <algorithm>

namespace weir::sim::shares {
namespace {

// A timer and a request may meet in one millisecond.
constexpr std::int64_t slack_ms = 3;

share::acknowledge_type type_of(const share::acknowledgement& a, std::int64_t o) {
  const auto at = a.types.size() == 1 ? 0 : static_cast<std::size_t>(o - a.of.first.value());
  return share::acknowledge_type(a.types[at]);
}

}  // namespace

bool leader_truth::is_current() const {
  const auto& s = stored_.of(of_);
  return s.there && s.life == life_ && s.leader_epoch == epoch_;
}

fate* leader_truth::fate_of(std::int64_t o) const {
  auto& s = stored_.of(of_);
  return s.life == life_ ? &s.fates[o] : nullptr;
}

void leader_truth::loads(std::uint64_t life, const share::share_state& read, offset start) {
  life_ = life;
  start_ = start.value();
  for (const auto& b : read.batches) {
    for (auto o = b.first.value(); o <= b.last.value(); ++o) {
      records_[o] = {.at = b.delivery_state == 0 ? place::here : place::done,
                     .count = b.delivery_count};
    }
  }
}

void leader_truth::gives(const std::string& member, std::span<const share::acquired_range> what,
                         std::int64_t now_ms) {
  for (const auto& range : what) {
    for (auto o = range.first.value(); o <= range.last.value(); ++o)
      give(member, o, range.delivery_count, now_ms);
  }
}

void leader_truth::give(const std::string& member, std::int64_t o, std::int16_t count,
                        std::int64_t now_ms) {
  require(o < data_.end(key()), "{} gives record {} of {}, which is not there", str(of_), o,
          member);
  require(!data_.hidden(key(), o) || data_.removed(key(), o),
          "{} gives record {}, which nobody may see", str(of_), o);
  auto& r = records_[o];
  require(r.at != place::done, "{} gives record {} to {}, and it is done", str(of_), o, member);
  require(r.at != place::out, "{} gives record {} to {}, and {} has it", str(of_), o, member,
          r.member);
  require(count == r.count + 1, "{} gives record {} the {}th time, and says the {}th", str(of_), o,
          r.count + 1, count);
  require(count <= rules_.deliveries.deliveries_max,
          "{} gives record {} the {}th time, {} are allowed", str(of_), o, count,
          rules_.deliveries.deliveries_max);
  if (auto* f = fate_of(o)) {
    ++f->deliveries;
    require(!f->told || !is_current(), "{} gives record {} to {}, which was told to be stored",
            str(of_), o, member);
    if (f->told) ++too_late_;
  }
  r = {.at = place::out,
       .count = count,
       .member = member,
       .deadline_ms = now_ms + rules_.deliveries.lock_duration_ms};
}

void leader_truth::let_go(std::int64_t o, record& r) {
  if (r.count >= rules_.deliveries.deliveries_max) return end(o, r);
  r.at = place::here;
}

void leader_truth::end(std::int64_t o, record& r) {
  r.at = place::done;
  done_.insert(o);
  if (auto* f = fate_of(o)) f->done = true;
}

bool leader_truth::has_all(const std::string& member,
                           std::span<const share::acknowledgement> what) const {
  for (const auto& a : what) {
    for (auto o = a.of.first.value(); o <= a.of.last.value(); ++o) {
      const auto at = records_.find(o);
      if (at == records_.end() || at->second.at != place::out || at->second.member != member)
        return false;
    }
  }
  return true;
}

std::vector<std::int64_t> leader_truth::hears(
    const std::string& member, std::span<const share::acknowledgement> what, offset start,
    const std::expected<void, share::acknowledge_error>& took, std::int64_t now_ms) {
  std::vector<std::int64_t> done;
  if (!took) {
    require(!has_all(member, what), "{} does not take the word of {}, which has what it speaks of",
            str(of_), member);
    return done;
  }
  for (const auto& a : what) {
    for (auto o = std::max(a.of.first, start).value(); o <= a.of.last.value(); ++o) {
      auto& r = records_[o];
      require(r.at == place::out, "{} takes the word of {} for record {}, which nobody has",
              str(of_), member, o);
      require(r.member == member, "{} takes the word of {} for record {}, which {} has", str(of_),
              member, o, r.member);
      require(now_ms < r.deadline_ms + slack_ms,
              "{} takes the word of {} for record {}, {} ms after its lock ended", str(of_), member,
              o, now_ms - r.deadline_ms);
      switch (type_of(a, o)) {
        case share::acknowledge_type::accept:
        case share::acknowledge_type::gap:
        case share::acknowledge_type::reject:
          end(o, r);
          done.push_back(o);
          break;
        case share::acknowledge_type::release:
          let_go(o, r);
          break;
        case share::acknowledge_type::renew:
          r.deadline_ms = now_ms + rules_.deliveries.lock_duration_ms;
          break;
      }
    }
  }
  return done;
}

void leader_truth::promises(std::span<const std::int64_t> done) {
  const auto& s = stored_.of(of_);
  if (s.life != life_) return;
  for (const auto o : done) {
    require(s.is_done(o), "{} says that record {} is stored as done, and it is not", str(of_), o);
    fate_of(o)->told = true;
  }
}

void leader_truth::ends_locks(std::int64_t now_ms) {
  for (auto& [o, r] : records_) {
    if (r.at == place::out && r.deadline_ms <= now_ms) let_go(o, r);
  }
}

void leader_truth::releases(const std::string& member) {
  for (auto& [o, r] : records_) {
    if (r.at == place::out && r.member == member) let_go(o, r);
  }
}

void leader_truth::is_at(offset start) {
  for (; start_ < start.value(); ++start_) {
    const auto at = records_.find(start_);
    const bool done = at != records_.end() && at->second.at == place::done;
    require(done || data_.gone(key(), start_),
            "the start of {} is at {}, and record {} is not done", str(of_), start, start_);
  }
}

void leader_truth::is_quiet() const {
  if (!is_current()) return;
  const auto& s = stored_.of(of_);
  for (const auto& [o, r] : records_) {
    if (r.at == place::out || o < start_ || data_.gone(key(), o)) continue;
    require(r.at != place::done || s.is_done(o),
            "{} has stored all, and not that record {} is done", str(of_), o);
    require(s.is_done(o) || s.count_of(o) >= r.count,
            "{} has stored all, and not that record {} was delivered {} times but {}", str(of_), o,
            r.count, s.count_of(o));
  }
}

}  // namespace weir::sim::shares
