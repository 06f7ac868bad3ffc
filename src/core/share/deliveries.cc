#include "core/share/deliveries.h"

#include <algorithm>
#include <utility>

namespace weir::share {
namespace {

bool is_done(delivery_state s) {
  return s == delivery_state::acknowledged || s == delivery_state::archived;
}

// What another broker stored: what is not one of the states that are stored, is to be delivered.
delivery_state stored_state(std::int8_t s) {
  switch (s) {
    case static_cast<std::int8_t>(delivery_state::acknowledged):
      return delivery_state::acknowledged;
    case static_cast<std::int8_t>(delivery_state::archived):
      return delivery_state::archived;
    default:
      return delivery_state::available;
  }
}

std::int64_t size_of(offset first, offset last) {
  return last.value() - first.value() + 1;
}

}  // namespace

void add(delivery_change& to, delivery_change more, const defects& broken) {
  // One that says nothing has no start either.
  if (more.empty() && !broken.forgets_start) return;
  to.start = more.start;
  to.complete_count = more.complete_count;
  to.moved |= more.moved;
  if (to.batches.empty()) {
    to.batches = std::move(more.batches);
  } else if (!more.batches.empty()) {
    to.batches = combine(to.batches, more.batches, more.start, broken);
  }
}

deliveries::deliveries(const share_state& stored, offset start, const defects& broken)
    : start_(stored.start == no_offset ? start : stored.start), end_(start_), broken_(broken) {
  for (const auto& b : stored.batches) {
    if (b.last < start_) continue;
    const auto first = std::max(b.first, start_);
    // Records that were out, or never given out: both are still to be delivered.
    if (first > end_) append(end_, {.last = first - 1});
    append(first,
           {.last = b.last, .state = stored_state(b.delivery_state), .count = b.delivery_count});
  }
  (void)settle({});
}

void deliveries::append(offset first, run r) {
  end_ = r.last + 1;
  runs_.emplace_hint(runs_.end(), first, std::move(r));
}

const deliveries::run* deliveries::find(offset o) const {
  if (o < start_ || o >= end_) return nullptr;
  return &std::prev(runs_.upper_bound(o))->second;
}

void deliveries::split(offset at) {
  if (at <= start_ || at >= end_) return;
  const auto in = std::prev(runs_.upper_bound(at));
  if (in->first == at) return;
  auto rest = in->second;
  in->second.last = at - 1;
  runs_.emplace_hint(std::next(in), at, std::move(rest));
}

deliveries::run_map::iterator deliveries::first_of(offset_range r) {
  split(r.first);
  split(r.last + 1);
  return runs_.lower_bound(r.first);
}

void deliveries::change(run_map::iterator at, delivery_state to, delivery_change& out) {
  auto& r = at->second;
  r.state = to;
  r.member = {};
  r.deadline_ms = 0;
  out.batches.push_back({.first = at->first,
                         .last = r.last,
                         .delivery_state = static_cast<std::int8_t>(to),
                         .delivery_count = r.count});
}

void deliveries::let_go(run_map::iterator at, std::int16_t deliveries_max, delivery_change& out) {
  const bool again = at->second.count < deliveries_max || broken_.delivers_for_ever;
  change(at, again ? delivery_state::available : delivery_state::archived, out);
}

std::optional<offset> deliveries::next_fetch(const delivery_settings& s) const {
  for (const auto& [first, r] : runs_) {
    if (r.state == delivery_state::available) return first;
  }
  if (end_.value() - start_.value() >= s.records_in_flight_max) return std::nullopt;
  return end_;
}

// Where a member's share may end that would end with `last`.
offset deliveries::batch_end(const acquisition& of, offset last) {
  if (!of.whole_batches) return last;
  const auto end = std::ranges::lower_bound(of.batch_ends, last);
  return end == of.batch_ends.end() ? last : std::min(*end, of.read.last);
}

// Takes in records that nobody had yet, as many as may be out.
void deliveries::extend(const acquisition& of, const delivery_settings& s) {
  const auto room = s.records_in_flight_max - (end_ - start_);
  if (room <= 0 || of.read.last < end_) return;
  const auto new_first = std::max(end_, of.read.first);
  const auto last = std::min(of.read.last, new_first + (room - 1));
  append(end_, {.last = last == of.read.last ? last : batch_end(of, last)});
}

// What was taken in and then not given to anybody is not in flight.
void deliveries::trim(offset end_before) {
  if (end_ <= end_before) return;
  split(end_before);
  const auto tail = std::prev(runs_.end());
  if (tail->second.state != delivery_state::available || tail->first < end_before) return;
  end_ = tail->first;
  runs_.erase(tail);
}

// Where there is nothing to be had. It is not stored by itself: whoever comes by again finds the
// same.
void deliveries::pass_over(offset_range r) {
  delivery_change unsaid;
  const offset_range in{std::max(r.first, start_), std::min(r.last, end_ - 1)};
  if (in.first > in.last) return;
  for (auto at = first_of(in); at != runs_.end() && at->first <= in.last; ++at) {
    if (at->second.state == delivery_state::available) change(at, delivery_state::archived, unsaid);
  }
}

std::vector<acquired_range> deliveries::acquire(const text& member, const acquisition& of,
                                                const delivery_settings& s, std::int64_t now_ms) {
  std::vector<acquired_range> out;
  if (of.records_max <= 0 || of.read.last < start_) return out;
  const auto end_before = end_;
  extend(of, s);
  if (of.asked < of.read.first) pass_over({of.asked, of.read.first - 1});
  for (const auto& r : of.hidden) pass_over(r);
  const auto deadline = now_ms + s.lock_duration_ms;
  const auto owner = text::copy(member.view());
  std::int64_t left = of.records_max;
  for (auto at = first_of({std::max(of.read.first, start_), of.read.last});
       at != runs_.end() && at->first <= of.read.last && left > 0; ++at) {
    auto& r = at->second;
    const bool taken = broken_.gives_twice && r.state == delivery_state::acquired;
    if (r.state != delivery_state::available && !taken) continue;
    if (size_of(at->first, r.last) > left) {
      split(std::min(batch_end(of, at->first + (left - 1)), r.last) + 1);
    }
    left -= size_of(at->first, r.last);
    r.state = delivery_state::acquired;
    ++r.count;
    r.member = owner;
    r.deadline_ms = deadline;
    if (!out.empty() && out.back().last + 1 == at->first && out.back().delivery_count == r.count) {
      out.back().last = r.last;
    } else {
      out.push_back({.first = at->first, .last = r.last, .delivery_count = r.count});
    }
  }
  trim(end_before);
  (void)settle({});
  return out;
}

std::expected<void, acknowledge_error> deliveries::holds(const text& member,
                                                         const acknowledgement& a) const {
  if (a.of.first >= end_) return std::unexpected(acknowledge_error::past_end);
  for (auto o = std::max(a.of.first, start_); o <= a.of.last;) {
    const auto* r = find(o);
    const bool out = r && (r->state == delivery_state::acquired || broken_.takes_any_word);
    if (!out) return std::unexpected(acknowledge_error::not_acquired);
    if (r->member != member && !broken_.takes_anyones_word && !broken_.takes_any_word)
      return std::unexpected(acknowledge_error::not_owner);
    o = r->last + 1;
  }
  return {};
}

void deliveries::take(const acknowledgement& a, const delivery_settings& s, std::int64_t now_ms,
                      delivery_change& out) {
  delivery_change untold;
  const auto one = [&](offset_range r, acknowledge_type type) {
    for (auto at = first_of(r); at != runs_.end() && at->first <= r.last; ++at) {
      switch (type) {
        case acknowledge_type::accept:
          change(at, delivery_state::acknowledged, broken_.accepts_untold ? untold : out);
          break;
        case acknowledge_type::gap:
        case acknowledge_type::reject:
          change(at, delivery_state::archived, out);
          break;
        case acknowledge_type::release:
          if (broken_.release_uncounted) --at->second.count;
          let_go(at, s.deliveries_max, out);
          break;
        case acknowledge_type::renew:
          if (!broken_.renews_nothing) at->second.deadline_ms = now_ms + s.lock_duration_ms;
          break;
      }
    }
  };
  const auto first = std::max(a.of.first, start_);
  if (first > a.of.last) return;
  if (a.types.size() == 1) return one({first, a.of.last}, acknowledge_type(a.types[0]));
  // Those that are alike in one go.
  for (auto from = first; from <= a.of.last;) {
    const auto type = a.types[static_cast<std::size_t>(from - a.of.first)];
    auto to = from;
    while (to < a.of.last && a.types[static_cast<std::size_t>(to + 1 - a.of.first)] == type) ++to;
    one({from, to}, acknowledge_type(type));
    from = to + 1;
  }
}

std::expected<delivery_change, acknowledge_error> deliveries::acknowledge(
    const text& member, std::span<const acknowledgement> what, const delivery_settings& s,
    std::int64_t now_ms) {
  auto before = offset(-1);
  for (const auto& a : what) {
    const bool sized =
        a.types.size() == 1 ||
        (a.of.first <= a.of.last && std::cmp_equal(a.types.size(), size_of(a.of.first, a.of.last)));
    const bool known = std::ranges::all_of(a.types, [](std::int8_t t) { return t >= 0 && t <= 4; });
    // Kafka wants batches in order, none meeting another.
    if (a.of.first < offset(0) || a.of.last < a.of.first || a.of.first <= before || !sized ||
        !known)
      return std::unexpected(acknowledge_error::invalid_request);
    before = a.of.last;
  }
  for (const auto& a : what) {
    if (const auto has = holds(member, a); !has) return std::unexpected(has.error());
  }
  delivery_change out;
  for (const auto& a : what) take(a, s, now_ms, out);
  return settle(std::move(out));
}

delivery_change deliveries::release_all(const text& member, const delivery_settings& s) {
  delivery_change out;
  for (auto at = runs_.begin(); at != runs_.end(); ++at) {
    auto& r = at->second;
    if (r.state != delivery_state::acquired || r.member != member) continue;
    let_go(at, s.deliveries_max, out);
  }
  if (broken_.releases_untold) out.batches.clear();
  return settle(std::move(out));
}

delivery_change deliveries::tick(const delivery_settings& s, std::int64_t now_ms) {
  delivery_change out;
  for (auto at = runs_.begin(); at != runs_.end(); ++at) {
    const auto& r = at->second;
    if (r.state != delivery_state::acquired || broken_.locks_never_end) continue;
    if (r.deadline_ms <= now_ms) let_go(at, s.deliveries_max, out);
  }
  if (broken_.ends_locks_untold) out.batches.clear();
  return settle(std::move(out));
}

delivery_change deliveries::archive(std::span<const offset_range> ranges) {
  delivery_change out;
  for (const auto& range : ranges) {
    const auto first = std::max(range.first, start_);
    const auto last = std::min(range.last, end_ - 1);
    if (first > last) continue;
    for (auto at = first_of({first, last}); at != runs_.end() && at->first <= last; ++at) {
      if (at->second.state == delivery_state::available) change(at, delivery_state::archived, out);
    }
  }
  return settle(std::move(out));
}

delivery_change deliveries::log_starts_at(offset first) {
  delivery_change out;
  if (first <= start_ || broken_.ignores_log_start) return settle(std::move(out));
  split(first);
  runs_.erase(runs_.begin(), runs_.lower_bound(first));
  start_ = first;
  end_ = std::max(end_, first);
  out.moved = true;
  return settle(std::move(out));
}

bool deliveries::joins(const run& next, const run& before) const {
  auto like = before;
  if (broken_.joins_unlike) like.count = next.count;
  return next.follows(like);
}

delivery_change deliveries::settle(delivery_change out) {
  const auto behind = [&](const run& r) {
    return is_done(r.state) || (broken_.passes_acquired && r.state == delivery_state::acquired);
  };
  while (!runs_.empty() && behind(runs_.begin()->second)) {
    start_ = runs_.begin()->second.last + 1;
    runs_.erase(runs_.begin());
    out.moved = true;
  }
  deadline_.reset();
  for (auto at = runs_.begin(); at != runs_.end();) {
    const auto& r = at->second;
    if (r.state == delivery_state::acquired) {
      deadline_ = std::min(deadline_.value_or(r.deadline_ms), r.deadline_ms);
    }
    const auto next = std::next(at);
    if (next != runs_.end() && joins(next->second, r)) {
      at->second.last = next->second.last;
      runs_.erase(next);
    } else {
      at = next;
    }
  }
  std::erase_if(out.batches, [&](const state_batch& b) { return b.last < start_; });
  for (auto& b : out.batches) b.first = std::max(b.first, start_);
  out.start = start_;
  out.complete_count = complete_count();
  return out;
}

std::int32_t deliveries::complete_count() const {
  std::int64_t n = 0;
  for (const auto& [first, r] : runs_) {
    if (is_done(r.state)) n += size_of(first, r.last);
  }
  return static_cast<std::int32_t>(n);
}

std::int64_t deliveries::in_flight() const {
  return end_ - start_;
}

delivery_state deliveries::state_of(offset o) const {
  if (o < start_) return delivery_state::archived;
  const auto* r = find(o);
  return r ? r->state : delivery_state::available;
}

std::int16_t deliveries::count_of(offset o) const {
  const auto* r = find(o);
  return r ? r->count : std::int16_t{0};
}

std::string_view deliveries::broken() const {
  auto next = start_;
  for (const auto& [first, r] : runs_) {
    if (first != next) return "a gap between runs";
    if (r.last < first) return "a run that is empty";
    if ((r.state == delivery_state::acquired) == r.member.empty()) return "a member amiss";
    next = r.last + 1;
  }
  if (next != end_) return "the end is not that of the last run";
  if (!runs_.empty() && is_done(runs_.begin()->second.state)) return "the start is done";
  return {};
}

}  // namespace weir::share
