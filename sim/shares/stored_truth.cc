#include "sim/shares/stored_truth.h"

#include <utility>

namespace weir::sim::shares {
namespace {

partition_key key_of(const share::share_partition& p) {
  return {p.topic, p.partition.value()};
}

}  // namespace

std::string str(const share::share_partition& p) {
  return fmt::format("{}/{}-{}", p.group, p.topic.low, p.partition);
}

void stored_truth::take(const group::coordinator_record& r, const errand* by) {
  const auto key = share::decode_key(r.key).value();
  const auto* snapshot_of = std::get_if<share::snapshot_key>(&key);
  const auto* update_of = std::get_if<share::update_key>(&key);
  require(snapshot_of || update_of, "a record of another kind");
  const auto& p = snapshot_of ? snapshot_of->of : update_of->of;
  require(by != nullptr, "{} changes, and nobody asked", str(p));
  if (!r.value) {
    require(by->what == wish::ends, "{} goes, and nobody asked", str(p));
    if (!snapshot_of) return;
    auto& s = all_[p];
    s = stored_state{.life = s.life + 1, .born = s.life + 1};
    return;
  }
  if (snapshot_of) return snapshot(p, share::decode_snapshot(*r.value).value(), *by);
  update(p, share::decode_update(*r.value).value(), *by);
}

// Only a group without members is begun again where there is something already, and by who says
// where.
void stored_truth::begin(const share::share_partition& p, const share::share_state& is,
                         const errand& by) {
  auto& s = all_[p];
  if (s.there && by.what == wish::group_begins) {
    require(s.start == -1 && s.fates.empty(), "{} begins anew by itself, and was at {}", str(p),
            s.start);
  }
  require(!s.there || is.state_epoch >= s.state_epoch, "{} begins in epoch {} after {}", str(p),
          is.state_epoch, s.state_epoch);
  s = stored_state{.there = true,
                   .life = s.life + 1,
                   .born = s.born,
                   .snapshot_epoch = is.snapshot_epoch,
                   .state_epoch = is.state_epoch,
                   .leader_epoch = is.leader_epoch,
                   .start = is.start.value()};
}

void stored_truth::check(const share::share_partition& p, const stored_state& s,
                         const errand& by) const {
  require(s.there, "{} is written, and is not there", str(p));
  if (by.what == wish::reads) {
    require(by.leader_epoch >= s.leader_epoch, "{} is read by leader {} after {}", str(p),
            by.leader_epoch, s.leader_epoch);
    return;
  }
  require(by.leader_epoch == s.leader_epoch, "{} is written by leader {}, and {} has read it",
          str(p), by.leader_epoch, s.leader_epoch);
  require(by.state_epoch == s.state_epoch, "{} is written in epoch {}, and is in {}", str(p),
          by.state_epoch, s.state_epoch);
  require(by.life == s.life, "{} is written by who has not read it", str(p));
}

void stored_truth::snapshot(const share::share_partition& p, const share::share_state& is,
                            const errand& by) {
  if (by.what == wish::group_begins || by.what == wish::admin_begins) return begin(p, is, by);
  auto& s = all_[p];
  check(p, s, by);
  ++writes_;
  require(is.state_epoch == s.state_epoch, "a snapshot of {} is of epoch {}", str(p),
          is.state_epoch);
  s.snapshot_epoch = is.snapshot_epoch;
  s.leader_epoch = by.what == wish::reads ? by.leader_epoch : s.leader_epoch;
  move_start(p, s, is.start.value(), by);
  const auto before = std::exchange(s.records, {});
  for (const auto& b : is.batches) put(p, s, b, by, before);
  for (const auto& [o, r] : before) {
    require(!r.done() || s.is_done(o), "a snapshot of {} undoes record {}", str(p), o);
    require(r.done() || s.is_done(o) || s.count_of(o) >= r.count,
            "a snapshot of {} has record {} delivered {} times, and it was {}", str(p), o,
            s.count_of(o), r.count);
  }
}

void stored_truth::update(const share::share_partition& p, const share::share_update& is,
                          const errand& by) {
  auto& s = all_[p];
  check(p, s, by);
  ++writes_;
  require(is.snapshot_epoch == s.snapshot_epoch, "an update of {} is of snapshot {}, which is {}",
          str(p), is.snapshot_epoch, s.snapshot_epoch);
  s.leader_epoch = by.what == wish::reads ? by.leader_epoch : s.leader_epoch;
  move_start(p, s, is.start.value(), by);
  const auto before = s.records;
  for (const auto& b : is.batches) put(p, s, b, by, before);
}

void stored_truth::is_justified(const share::share_partition& p, std::int64_t o,
                                const errand& by) const {
  if (data_.gone(key_of(p), o)) return;
  require(by.done && by.done->contains(o), "record {} of {} is done, and nobody did it", o, str(p));
}

void stored_truth::move_start(const share::share_partition& p, stored_state& s, std::int64_t to,
                              const errand& by) {
  if (s.start == -1 && to != -1) {
    const auto end = data_.end(key_of(p));
    const auto most = from_latest_ ? end : std::min(end, data_.start(key_of(p)));
    require(to <= most, "{} begins at {}, and may at {}", str(p), to, most);
    for (const auto& [o, f] : s.fates) {
      require(o >= to || f.done || data_.gone(key_of(p), o),
              "{} begins at {}, and record {} was given", str(p), to, o);
    }
    s.start = to;
  }
  require(to >= s.start, "the start of {} goes back from {} to {}", str(p), s.start, to);
  for (auto o = s.start; o < to; ++o) {
    if (!s.is_done(o)) is_justified(p, o, by);
  }
  s.start = to;
  s.records.erase(s.records.begin(), s.records.lower_bound(to));
}

// What is done stays so; of what is to be delivered the higher count counts.
void stored_truth::put(const share::share_partition& p, stored_state& s,
                       const share::state_batch& b, const errand& by,
                       const stored_state::records_by_offset& before) {
  for (auto o = std::max(b.first.value(), s.start); o <= b.last.value(); ++o) {
    auto& r = s.records[o];
    const bool done = b.delivery_state != 0;
    const auto was = before.find(o);
    if (done && (was == before.end() || !was->second.done())) is_justified(p, o, by);
    if (r.done() && !done) continue;
    const auto count = done == r.done() ? std::max(r.count, b.delivery_count) : b.delivery_count;
    r = {std::max(r.state, b.delivery_state), count};
  }
}

}  // namespace weir::sim::shares
