#include "sim/shares/member.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace weir::sim::shares {

using kafka::error_code;

member::member(surroundings& around, ways how, std::string group, std::uint64_t number,
               std::set<std::string> topics)
    : around_(around),
      how_(std::move(how)),
      who_{.group = std::move(group), .member = fmt::format("m{}", number)},
      topics_(std::move(topics)) {}

void member::next() {
  const auto turn = ++turn_;
  auto wait = around_.chance.between(1, around_.calm ? 5 * ms : around_.rules.turn_max);
  const bool pauses = !around_.calm && around_.chance.chance(around_.rules.pauses);
  if (pauses) {
    // As long as its locks, or as its group waits for it.
    const auto longest =
        std::max(around_.rules.session_ms, around_.rules.deliveries.lock_duration_ms);
    wait += around_.chance.between(1, 3 * longest * ms);
    around_.note("{} sleeps", who_.member);
  }
  around_.events.after(wait, [this, turn] {
    if (!over_ && turn == turn_) act();
  });
}

void member::act() {
  if (leaving_) return bye();
  const moment beat_every = around_.rules.session_ms * ms / 4;
  if (around_.events.now() - heard_ > beat_every) return beat(epoch_);
  read();
}

void member::vanish() {
  around_.note("{} is gone", who_.member);
  over_ = true;
  for (const auto& [b, s] : sessions_) how_.close(b, who_, s.connection);
}

void member::beat(std::int32_t epoch) {
  heard_ = around_.events.now();
  kafka::share_group_heartbeat_request r;
  r.group_id = text(who_.group);
  r.member_id = text(who_.member);
  r.member_epoch = epoch;
  if (epoch == 0 || std::exchange(tells_all_, false)) {
    auto& names = r.subscribed_topic_names.emplace();
    for (const auto& t : topics_) names.push_back(text(t));
  }
  const auto done = std::make_shared<bool>(false);
  how_.ask_group(who_.group, r, done, [this, done, epoch](const auto& a) {
    if (over_ || std::exchange(*done, true)) return;
    if (epoch < 0) return vanish();
    if (!a) tells_all_ = true;
    if (a) heed(std::get<kafka::share_group_heartbeat_response>(*a));
    next();
  });
  around_.events.after(around_.rules.patience, [this, done, epoch] {
    if (over_ || std::exchange(*done, true)) return;
    if (epoch < 0) return vanish();
    tells_all_ = true;
    heard_ = -second;
    next();
  });
}

void member::heed(const kafka::share_group_heartbeat_response& a) {
  switch (a.error) {
    case error_code::none:
      break;
    case error_code::unknown_member_id:
    case error_code::fenced_member_epoch:
    case error_code::group_id_not_found:
      around_.note("{} is not in {} any more", who_.member, who_.group);
      epoch_ = 0;
      assigned_.clear();
      heard_ = -second;
      return;
    default:
      around_.note("{} hears {}", who_.member, to_string(a.error));
      tells_all_ = true;
      heard_ = -second;
      return;
  }
  epoch_ = a.member_epoch;
  if (!a.assignment) return;
  assigned_.clear();
  around_.note("{} reads {} topics of {}, epoch {}", who_.member,
               a.assignment->topic_partitions.size(), who_.group, epoch_);
  for (const auto& topic : a.assignment->topic_partitions) {
    for (const auto p : topic.partitions) {
      if (const auto number = how_.number_of({topic.topic_id, p})) assigned_.insert(*number);
    }
  }
}

share_request member::request_to(broker b, session& s) {
  share_request r;
  r.who = who_;
  r.epoch = s.epoch;
  r.connection = s.connection;
  std::set<std::size_t> wanted;
  for (const auto p : assigned_) {
    if (how_.find_leader(p) == b) wanted.insert(p);
  }
  const auto& before = s.epoch == 0 ? std::set<std::size_t>() : s.wanted;
  std::ranges::set_difference(wanted, before, std::back_inserter(r.named));
  std::ranges::set_difference(before, wanted, std::back_inserter(r.forgotten));
  s.wanted = std::move(wanted);
  r.wants.records = static_cast<std::int32_t>(around_.chance.between(1, around_.calm ? 100 : 12));
  r.wants.exact = around_.chance.chance(300'000);
  return r;
}

void member::read() {
  std::set<broker> places;
  for (const auto p : assigned_) places.insert(how_.find_leader(p));
  for (const auto& [b, s] : sessions_) {
    if (!s.has.empty()) places.insert(b);
  }
  if (places.empty()) return next();
  const std::vector<broker> all(places.begin(), places.end());
  const auto b = around_.chance.pick(all);
  auto& s = sessions_[b];
  if (s.connection == 0) s.connection = how_.new_connection();
  if (!around_.calm && around_.chance.chance(around_.rules.quits)) {
    // A session that ends gives back what it does not speak of; one that begins anew does not.
    if (s.epoch > 0) s.epoch = around_.chance.chance(500'000) ? -1 : 0;
  }
  const auto session_epoch = s.epoch;
  const bool only_says = session_epoch > 0 && around_.chance.chance(300'000);
  auto r = only_says ? share_request{.who = who_,
                                     .fetches = false,
                                     .epoch = s.epoch,
                                     .connection = s.connection}
                     : request_to(b, s);
  if (session_epoch != 0) decide(s, r);
  if (session_epoch == -1) s.has.clear();
  ask(b, std::move(r));
}

void member::ask(broker b, share_request r) {
  const auto done = std::make_shared<bool>(false);
  how_.ask_broker(b, r, done, [this, b, r, done](const share_reply& a) {
    if (over_ || std::exchange(*done, true)) return;
    on_reply(b, r, a);
    next();
  });
  around_.events.after(around_.rules.patience, [this, b, done] {
    if (over_ || std::exchange(*done, true)) return;
    lose_connection(b);
    next();
  });
}

void member::lose_connection(broker b) {
  auto& s = sessions_[b];
  how_.close(b, who_, s.connection);
  s.connection = how_.new_connection();
  s.epoch = 0;
  // It may think that they are its own still.
  if (around_.chance.chance(500'000)) s.has.clear();
}

void member::on_reply(broker b, const share_request& r, const share_reply& a) {
  auto& s = sessions_[b];
  if (a.error != error_code::none) {
    s.epoch = 0;
    s.wanted.clear();
    return;
  }
  s.epoch = r.epoch == -1 ? 0 : r.epoch + 1;
  if (r.epoch == -1) s.wanted.clear();
  for (const auto& g : a.gives) {
    for (const auto& range : g.ranges) {
      // What it had of it before is not its own any more.
      std::erase_if(s.has, [&](const holding& h) {
        return h.partition == g.partition && h.what.first <= range.last &&
               h.what.last >= range.first;
      });
      s.has.push_back({g.partition, {range.first, range.last}});
      seen_[g.partition] = range.last.value();
    }
  }
}

void member::bye() {
  if (!sessions_.empty()) {
    const auto b = sessions_.begin()->first;
    auto s = std::move(sessions_.begin()->second);
    sessions_.erase(sessions_.begin());
    how_.close(b, who_, s.connection);
    if (s.epoch <= 0) return next();
    share_request r{.who = who_, .fetches = false, .epoch = -1, .connection = s.connection};
    decide(s, r);
    how_.ask_broker(b, r, nullptr, [](const share_reply&) {});
    return next();
  }
  beat(-1);
}

void member::say(share_request& r, std::size_t partition, said what) {
  auto at = std::ranges::find(r.says, partition, &said_of_partition::partition);
  if (at == r.says.end()) {
    r.says.push_back({.partition = partition, .what = {}});
    at = std::prev(r.says.end());
  }
  at->what.push_back(std::move(what));
}

void member::decide(session& s, share_request& r) {
  std::ranges::sort(s.has, {},
                    [](const holding& h) { return std::pair(h.partition, h.what.first); });
  std::vector<holding> kept;
  for (const auto& h : s.has) {
    if (!decide(h, r, kept)) kept.push_back(h);
  }
  s.has = std::move(kept);
  if (!around_.calm && around_.chance.chance(around_.rules.lies)) lie(r);
}

bool member::decide(const holding& h, share_request& r, std::vector<holding>& kept) {
  using share::acknowledge_type;
  const auto all = [&](acknowledge_type type) {
    say(r, h.partition, {.of = h.what, .types = {static_cast<std::int8_t>(type)}});
    return true;
  };
  if (around_.calm) return all(acknowledge_type::accept);
  auto dice = static_cast<std::uint32_t>(around_.chance.below(1'000'000));
  const auto falls = [&](std::uint32_t within) {
    if (dice < within) return true;
    dice -= within;
    return false;
  };
  const auto& rules = around_.rules;
  if (falls(rules.accepts)) {
    if (!around_.chance.chance(300'000)) return all(acknowledge_type::accept);
    // Record by record, and maybe not all of them yet.
    auto last = h.what.last;
    if (around_.chance.chance(300'000))
      last = h.what.first +
             static_cast<std::int64_t>(around_.chance.below(
                 static_cast<std::uint64_t>(h.what.last.value() - h.what.first.value() + 1)));
    said one{.of = {h.what.first, last}, .types = {}};
    for (auto o = h.what.first; o <= last; ++o) {
      const auto type = around_.chance.chance(700'000) ? 1 : around_.chance.between(0, 3);
      one.types.push_back(static_cast<std::int8_t>(type));
    }
    say(r, h.partition, std::move(one));
    if (last < h.what.last) kept.push_back({h.partition, {last + 1, h.what.last}});
    return true;
  }
  if (falls(rules.releases)) return all(acknowledge_type::release);
  if (falls(rules.rejects)) return all(acknowledge_type::reject);
  if (!falls(rules.renews)) return false;
  (void)all(acknowledge_type::renew);
  return false;
}

// Records that another member may have, or nobody, or that are done; a lie apart.
void member::lie(share_request& r) {
  if (assigned_.empty()) return;
  const std::vector<std::size_t> all(assigned_.begin(), assigned_.end());
  const auto partition = around_.chance.pick(all);
  const bool speaks = std::ranges::contains(r.says, partition, &said_of_partition::partition);
  if (speaks) return;
  const auto near = seen_[partition] + around_.chance.between(-15, 10);
  const auto first = offset(std::max<std::int64_t>(near, 0));
  const auto type = static_cast<std::int8_t>(around_.chance.between(1, 3));
  say(r, partition, {.of = {first, first + around_.chance.between(0, 2)}, .types = {type}});
}

}  // namespace weir::sim::shares
