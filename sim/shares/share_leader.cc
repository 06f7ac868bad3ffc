#include "sim/shares/share_leader.h"

#include <algorithm>
#include <utility>

#include "sim/shares/state_requests.h"

namespace weir::sim::shares {
namespace {

// Reads that found nothing for anybody, one after the other, before others have their turn.
constexpr int empty_reads_max = 16;

kafka::error_code told_to_clients(kafka::error_code code) {
  using kafka::error_code;
  return code == error_code::invalid_request || code == error_code::unknown_topic_or_partition
             ? error_code::unknown_topic_or_partition
             : error_code::not_leader_or_follower;
}

kafka::error_code code_of(share::acknowledge_error error) {
  const bool refused = error == share::acknowledge_error::invalid_request ||
                       error == share::acknowledge_error::past_end;
  return refused ? kafka::error_code::invalid_request : kafka::error_code::invalid_record_state;
}

}  // namespace

share_leader::share_leader(surroundings& around, place at, data_partition& from, persister& states)
    : around_(around),
      at_(std::move(at)),
      from_(from),
      states_(states),
      epoch_(from.term(at_.on)),
      name_(around.truth.leader_begins(at_.name, epoch_)),
      used_(around.events.now()) {}

bool share_leader::led() const {
  return from_.serves(at_.on) && from_.term(at_.on) == epoch_;
}

std::int64_t share_leader::now_ms() const {
  return at_.time.at(around_.events.now()).steady_ms;
}

bool share_leader::look() {
  if (over_) return false;
  if (!led()) {
    end(error_code::not_leader_or_follower);
    return false;
  }
  if (deliveries_ && from_.log_start(at_.on) > deliveries_->start()) {
    store_aside(deliveries_->log_starts_at(from_.log_start(at_.on)));
    settled();
  }
  return !over_;
}

void share_leader::end(error_code why) {
  if (over_) return;
  const auto self = shared_from_this();  // whoever hears of it may let it go
  over_ = why;
  around_.truth.leader(name_).ends();
  around_.note("{}@{}: over, {}", str(at_.name), at_.on, to_string(why));
  ++alarm_;
  for (const auto& w : std::exchange(waiting_, {})) w(told_to_clients(why));
  unsaid_ = {};
}

void share_leader::crash() {
  if (over_) return;
  waiting_.clear();
  end(error_code::none);
}

void share_leader::begin() {
  const auto tag = around_.truth.errand_of({.what = wish::reads, .leader_epoch = epoch_});
  states_.ask(at_.state_log, read_of(at_.name, epoch_), tag,
              [self = shared_from_this(), tag](const share::answer& a) { self->loaded(a, tag); });
}

void share_leader::loaded(const share::answer& a, std::uint64_t tag) {
  if (!look()) return;
  if (const auto code = code_of(a); code != error_code::none) return end(told_to_clients(code));
  const auto read = state_of(a);
  state_epoch_ = read.state_epoch;
  life_ = around_.truth.life_read(tag, at_.name);
  const bool fresh = read.start == no_offset;
  const auto start = !fresh                      ? read.start
                     : around_.rules.from_latest ? from_.high_watermark(at_.on)
                                                 : from_.log_start(at_.on);
  share::deliveries made(read, start, around_.rules.broken);
  if (!fresh) return ready(made, read, life_);
  if (around_.rules.broken_outside.starts_unstored) {
    ready(made, read, life_);
    return store_aside({.start = start, .moved = true});
  }
  // Where the group begins is stored before anybody gets anything: another leader would look for it
  // at another time, and might begin behind what nobody has seen.
  write({.start = start, .moved = true}, [self = shared_from_this(), made, read](error_code code) {
    if (!self->look()) return;
    if (code != error_code::none) return self->end(told_to_clients(code));
    self->ready(made, read, self->life_);
  });
}

void share_leader::ready(share::deliveries made, const share::share_state& read,
                         std::uint64_t life) {
  around_.note("{}@{}: goes on from {}, epoch {}, state {}", str(at_.name), at_.on, made.start(),
               epoch_, state_epoch_);
  around_.mix_in(static_cast<std::uint64_t>(made.start().value()));
  const auto first = read.start == no_offset ? made.start() : read.start;
  around_.truth.leader(name_).loads(life, read, first);
  deliveries_ = std::move(made);
  (void)look();
  if (!over_) settled();
}

void share_leader::take(const std::string& member, budget b, taken then) {
  if (!look() || !deliveries_ || reading_ || b.records <= 0) return then({});
  reading_ = true;
  around_.events.after(around_.chance.between(1, around_.rules.read_max),
                       [self = shared_from_this(), member, b, then = std::move(then)] {
                         self->read_on(member, b, then);
                       });
}

void share_leader::read_on(const std::string& member, const budget& b, const taken& then) {
  for (int n = 0; n < empty_reads_max; ++n) {
    auto once = take_once(member, b);
    if (!once) continue;
    reading_ = false;
    return then(*std::move(once));
  }
  reading_ = false;
  then({});
}

// Nothing: there was nothing for anybody where it looked; further on there may be.
std::optional<std::vector<share::acquired_range>> share_leader::take_once(const std::string& member,
                                                                          const budget& b) {
  std::vector<share::acquired_range> out;
  if (!look()) return out;
  const auto asked = deliveries_->next_fetch(around_.rules.deliveries);
  if (!asked || *asked >= from_.high_watermark(at_.on)) return out;
  const auto got = from_.read(at_.on, *asked, 1 + around_.chance.below(4));
  if (!got || got->empty()) return out;
  std::vector<offset> ends;
  std::vector<share::offset_range> hidden;
  for (const auto& p : *got) {
    ends.push_back(p.last);
    if (p.hidden) hidden.push_back({p.first, p.last});
  }
  const share::acquisition of{.asked = *asked,
                              .read = {std::max(*asked, got->front().first), ends.back()},
                              .batch_ends = ends,
                              .hidden = hidden,
                              .records_max = b.records,
                              .whole_batches = !b.exact};
  const auto now = now_ms();
  out = deliveries_->acquire(text(member), of, around_.rules.deliveries, now);
  for (const auto& r : out) {
    around_.note("{}@{}: {} has {} to {}, the {}th time", str(at_.name), at_.on, member, r.first,
                 r.last, r.delivery_count);
    around_.mix_in(static_cast<std::uint64_t>(r.first.value()));
  }
  if (!out.empty()) used_ = around_.events.now();
  around_.truth.leader(name_).gives(member, out, now);
  settled();
  const auto next = deliveries_->next_fetch(around_.rules.deliveries);
  if (out.empty() && next && *next != *asked) return std::nullopt;
  return out;
}

void share_leader::acknowledge(const std::string& member, const std::vector<said>& what,
                               told then) {
  if (!look()) return then(told_to_clients(*over_));
  if (!deliveries_) return then(error_code::unknown_topic_or_partition);
  used_ = around_.events.now();
  std::vector<share::acknowledgement> all;
  all.reserve(what.size());
  for (const auto& one : what) all.push_back({.of = one.of, .types = one.types});
  const auto start = deliveries_->start();
  const auto now = now_ms();
  auto change = deliveries_->acknowledge(text(member), all, around_.rules.deliveries, now);
  std::expected<void, share::acknowledge_error> took;
  if (!change) took = std::unexpected(change.error());
  for (const auto& a : all) {
    around_.note("{}@{}: {} says {} of {} to {}{}", str(at_.name), at_.on, member, a.types[0],
                 a.of.first, a.of.last, took ? "" : ", refused");
  }
  auto done = around_.truth.leader(name_).hears(member, all, start, took, now);
  if (!change) return then(code_of(change.error()));
  const auto promise = [self = shared_from_this(), done = std::move(done),
                        then = std::move(then)](error_code code) {
    if (code == error_code::none) self->around_.truth.leader(self->name_).promises(done);
    then(code);
  };
  if (around_.rules.broken_outside.acks_before_stored) {
    promise(error_code::none);
    store_aside(*std::move(change));
  } else {
    store(*std::move(change), promise);
  }
  settled();
}

void share_leader::release(const std::string& member) {
  if (!look() || !deliveries_) return;
  around_.note("{}@{}: {} gives all back", str(at_.name), at_.on, member);
  auto change = deliveries_->release_all(text(member), around_.rules.deliveries);
  around_.truth.leader(name_).releases(member);
  store_aside(std::move(change));
  settled();
  if (over_ || deliveries_->any_out()) return;
  // Where nothing is out it is not kept. Whoever comes next reads what is stored.
  store({}, [self = shared_from_this()](error_code) {
    if (!self->look() || self->reading_ || self->deliveries_->any_out()) return;
    if (self->waiting_.empty() && self->unsaid_.empty()) self->end(error_code::none);
  });
}

void share_leader::refresh() {
  if (around_.rules.broken_outside.keeps_for_ever || !look() || !deliveries_) return;
  if (!reading_ && !writing_ && !deliveries_->any_out()) end(error_code::none);
}

bool share_leader::idle_since(moment then) const {
  return !reading_ && !writing_ && deliveries_ && !deliveries_->any_out() && used_ < then;
}

void share_leader::settled() {
  if (over_ || !deliveries_) return;
  around_.truth.leader(name_).is_at(deliveries_->start());
  const auto broken = deliveries_->broken();
  require(broken.empty(), "{}: {}", str(at_.name), broken);
  const auto alarm = ++alarm_;
  const auto due = deliveries_->next_deadline();
  if (!due) return;
  const auto wait = std::max<moment>(at_.time.until(*due, around_.events.now()), ms);
  around_.events.after(wait, [self = shared_from_this(), alarm] {
    if (self->alarm_ == alarm) self->tick();
  });
}

void share_leader::tick() {
  if (!look()) return;
  const auto now = now_ms();
  auto change = deliveries_->tick(around_.rules.deliveries, now);
  if (!around_.rules.broken.locks_never_end) around_.truth.leader(name_).ends_locks(now);
  store_aside(std::move(change));
  settled();
}

void share_leader::store_aside(share::delivery_change change) {
  if (over_ || change.empty()) return;
  store(std::move(change), [](error_code) {});
}

// One write at a time; what comes meanwhile goes with the next.
void share_leader::store(share::delivery_change change, told then) {
  if (over_) return then(told_to_clients(*over_));
  if (change.empty() && !writing_) return then(error_code::none);
  share::add(unsaid_, std::move(change), around_.rules.broken);
  waiting_.push_back(std::move(then));
  if (!std::exchange(writing_, true)) write_on();
}

void share_leader::write_on() {
  if (over_ || waiting_.empty()) {
    writing_ = false;
    if (!over_) around_.truth.leader(name_).is_quiet();
    return;
  }
  auto whom = std::exchange(waiting_, {});
  const auto change = std::exchange(unsaid_, {});
  if (change.empty()) return written(error_code::none, whom);
  write(change, [self = shared_from_this(), whom = std::move(whom)](error_code code) {
    self->written(code, whom);
  });
}

void share_leader::written(error_code code, const std::vector<told>& whom) {
  const auto self = shared_from_this();
  const bool stored = code == error_code::none;
  // Somebody else may have ended it: then whether it is stored was told, or will be found.
  for (const auto& t : whom) t(stored ? code : told_to_clients(code));
  // Whether it is stored is not known, or another leader goes on: all of it is read again.
  if (!stored && !around_.rules.broken_outside.goes_on_unstored)
    end(error_code::not_leader_or_follower);
  write_on();
}

void share_leader::write(const share::delivery_change& change, const told& then) {
  const auto tag = around_.truth.errand_of({.what = wish::writes,
                                            .leader = name_,
                                            .leader_epoch = epoch_,
                                            .state_epoch = state_epoch_,
                                            .life = life_});
  states_.ask(at_.state_log, write_of(at_.name, state_epoch_, epoch_, change), tag,
              [self = shared_from_this(), then](const share::answer& a) {
                const auto code = code_of(a);
                if (code != error_code::none)
                  self->around_.note("{}@{}: not stored, {}", str(self->at_.name), self->at_.on,
                                     to_string(code));
                then(code);
              });
}

}  // namespace weir::sim::shares
