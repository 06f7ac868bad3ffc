#include "sim/shares/share_broker.h"

#include <utility>

namespace weir::sim::shares {

using kafka::error_code;

namespace {

constexpr moment idle_for = second;

}  // namespace

// One request, from its session's turn to its answer.
struct share_broker::turn {
  share_request asked;
  share::session_turn session;
  std::size_t open = 0;  // of what was said: not told yet
  std::size_t next = 0;  // of what is wanted
  std::int32_t left = 0;
  share_reply reply;
  answered then;
  std::uint64_t life = 0;
};

void share_broker::ask(const share_request& r, const answered& then) {
  std::vector<partition_key> named, forgotten;
  for (const auto p : r.named) named.push_back(partitions_[p]->key());
  for (const auto p : r.forgotten) forgotten.push_back(partitions_[p]->key());
  auto session = r.fetches ? sessions_.fetch(r.who, r.epoch, r.connection, named, forgotten)
                           : sessions_.acknowledge(r.who, r.epoch);
  if (!session) {
    return then({.error = session.error() == share::session_error::not_found
                              ? error_code::share_session_not_found
                              : error_code::invalid_share_session_epoch});
  }
  turns_[r.who] = {r.connection, r.epoch};
  if (session->began) {
    for (const auto p : r.named) {
      if (const auto there = find(r.who.group, p)) there->refresh();
    }
  }
  const auto t = std::make_shared<turn>(turn{.asked = r,
                                             .session = *std::move(session),
                                             .open = r.says.size(),
                                             .left = r.wants.records,
                                             .reply = {},
                                             .then = then,
                                             .life = life_});
  say_on(t);
}

// All at once; the answer waits for all of them.
void share_broker::say_on(const turn_ptr& t) {
  for (const auto& one : t->asked.says) t->reply.told.emplace_back(one.partition, error_code::none);
  if (t->open == 0) return take_on(t);
  for (std::size_t i = 0; i < t->asked.says.size(); ++i) {
    const auto told = [this, t, i](error_code code) {
      if (life_ != t->life) return;
      t->reply.told[i].second = code;
      if (--t->open == 0) take_on(t);
    };
    const auto& one = t->asked.says[i];
    if (const auto p = find(t->asked.who.group, one.partition)) {
      p->acknowledge(t->asked.who.member, one.what, told);
    } else {
      told(partitions_[one.partition]->serves(on_) ? error_code::unknown_topic_or_partition
                                                   : error_code::not_leader_or_follower);
    }
  }
}

void share_broker::take_on(const turn_ptr& t) {
  if (t->session.ended) release(t->asked.who, t->session.touched);
  const bool takes = t->asked.fetches && !t->session.ended;
  if (!takes || t->next == t->session.wanted.size()) return answer(t);
  const auto partition = number_of(t->session.wanted[t->next++]);
  auto& to = t->reply.gives.emplace_back();
  to.partition = partition;
  const auto p = find_or_make(t->asked.who.group, partition);
  if (!p) {
    to.error = p.error();
    return take_on(t);
  }
  const share_leader::budget left{.records = t->left, .exact = t->asked.wants.exact};
  (*p)->take(t->asked.who.member, left, [this, t](std::vector<share::acquired_range> ranges) {
    if (life_ != t->life) return;
    for (const auto& r : ranges)
      t->left -= static_cast<std::int32_t>(r.last.value() - r.first.value() + 1);
    t->reply.gives.back().ranges = std::move(ranges);
    take_on(t);
  });
}

void share_broker::answer(const turn_ptr& t) {
  t->then(t->reply);
}

bool share_broker::knows(const share_request& r) const {
  const auto at = turns_.find(r.who);
  return at != turns_.end() && at->second.first == r.connection && r.epoch <= at->second.second;
}

void share_broker::connection_closed(const share::session_key& who, std::uint64_t connection) {
  if (const auto over = sessions_.closed(who, connection)) release(who, over->touched);
}

void share_broker::release(const share::session_key& who,
                           const std::vector<partition_key>& touched) {
  for (const auto& key : touched) {
    if (const auto p = find(who.group, number_of(key))) p->release(who.member);
  }
}

void share_broker::crash() {
  ++life_;
  turns_.clear();
  sessions_ = share::share_sessions(around_.rules.broken);
  for (const auto& [at, p] : std::exchange(led_, {})) p->crash();
}

void share_broker::sweep() {
  if (around_.rules.broken_outside.keeps_for_ever) return;
  std::erase_if(led_, [this](const auto& one) {
    const auto p = one.second;
    if (!p->over() && !p->idle_since(around_.events.now() - idle_for)) return false;
    p->end(error_code::none);
    return true;
  });
}

void share_broker::look(std::size_t partition) {
  std::vector<leader_ptr> of;
  for (const auto& [at, p] : led_) {
    if (at.second == partition) of.push_back(p);
  }
  for (const auto& p : of) (void)p->look();
}

std::size_t share_broker::number_of(const partition_key& key) const {
  for (std::size_t i = 0; i < partitions_.size(); ++i) {
    if (partitions_[i]->key() == key) return i;
  }
  throw violation("a partition that is not there");
}

share_broker::leader_ptr share_broker::find(const std::string& group, std::size_t partition) const {
  const auto at = led_.find({group, partition});
  return at == led_.end() ? nullptr : at->second;
}

std::expected<share_broker::leader_ptr, error_code> share_broker::find_or_make(
    const std::string& group, std::size_t partition) {
  if (auto p = find(group, partition)) {
    if (!p->over()) return p;
    // Who was told of it comes again.
    led_.erase({group, partition});
    if (*p->over() != error_code::none) return std::unexpected(*p->over());
  }
  auto& from = *partitions_[partition];
  if (!from.serves(on_)) return std::unexpected(error_code::not_leader_or_follower);
  const share::share_partition name{group, from.key().topic_id, partition_id(from.key().partition)};
  auto p = std::make_shared<share_leader>(
      around_,
      share_leader::place{.name = name, .on = on_, .state_log = logs_(name), .time = clock_}, from,
      states_);
  led_.emplace(place{group, partition}, p);
  p->begin();
  return p;
}

}  // namespace weir::sim::shares
