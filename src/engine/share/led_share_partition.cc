#include "engine/share/led_share_partition.h"

#include <seastar/core/coroutine.hh>
#include <seastar/util/log.hh>

#include <algorithm>
#include <chrono>
#include <utility>

#include "engine/share/fetched_batches.h"

namespace weir {
namespace {

using kafka::error_code;
using share::delivery_change;

seastar::logger share_log("share");

constexpr std::size_t state_batches_kept = 1'000;
// Reads that found nothing for anybody, one after the other, before others have their turn.
constexpr int empty_reads_max = 16;

std::int64_t steady_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::int64_t wall_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// What clients do well with: they look who leads now, and come again.
error_code told_to_clients(error_code code) {
  return code == error_code::invalid_request || code == error_code::unknown_topic_or_partition
             ? error_code::unknown_topic_or_partition
             : error_code::not_leader_or_follower;
}

share_fault fault_of(share::acknowledge_error error) {
  switch (error) {
    case share::acknowledge_error::invalid_request:
      return {error_code::invalid_request};
    case share::acknowledge_error::past_end:
      return {error_code::invalid_request,
              "Batch record not found. The first offset in request is past acquired records."};
    case share::acknowledge_error::not_acquired:
      return {error_code::invalid_record_state,
              "The offset cannot be acknowledged. The offset is not acquired."};
    case share::acknowledge_error::not_owner:
      return {error_code::invalid_record_state, "Member is not the owner of offset"};
  }
  return {error_code::unknown_server_error};
}

bool renews(const std::vector<share::acknowledgement>& what) {
  static constexpr auto renewal = static_cast<std::int8_t>(share::acknowledge_type::renew);
  return std::ranges::any_of(
      what, [](const auto& a) { return std::ranges::find(a.types, renewal) != a.types.end(); });
}

share::share_state state_of(const kafka::read_share_group_state_response& told) {
  share::share_state out;
  const auto& p = told.results.front().partitions.front();
  out.state_epoch = p.state_epoch;
  out.start = offset(p.start_offset);
  out.batches.reserve(std::min(p.state_batches.size(), state_batches_kept));
  for (const auto& b : p.state_batches) {
    out.batches.push_back({.first = offset(b.first_offset),
                           .last = offset(b.last_offset),
                           .delivery_state = b.delivery_state,
                           .delivery_count = b.delivery_count});
  }
  return out;
}

// One partition's result; nothing where the answer lacks it.
template <typename Response>
error_code code_in(const Response& told) {
  if (told.results.empty() || told.results.front().partitions.empty())
    return error_code::unknown_server_error;
  return told.results.front().partitions.front().error;
}

}  // namespace

led_share_partition::led_share_partition(share::share_partition of, replica& from, cluster& where,
                                         share_persister& persister, share_meters& meters,
                                         fibers& background)
    : name_(std::move(of)),
      key_{name_.topic, name_.partition.value()},
      from_(&from),
      where_(where),
      persister_(persister),
      meters_(meters),
      background_(background),
      epoch_(from.leader_epoch()),
      on_news_([this] {
        if (look()) tell();
      }),
      replica_news_(&on_news_),
      group_news_(&on_news_) {
  timer_.set_callback([this] { tick(); });
  from.news().add(replica_news_);
  from.group_news().add(group_news_);
}

bool led_share_partition::led() const {
  return where_.find(key_) == from_ && from_->check_serves() && from_->leader_epoch() == epoch_;
}

bool led_share_partition::look() {
  if (over_) return false;
  if (!led()) {
    end(error_code::not_leader_or_follower);
    return false;
  }
  if (deliveries_ && from_->start_offset() > deliveries_->start())
    store_aside(deliveries_->log_starts_at(from_->start_offset()));
  return !over_;
}

void led_share_partition::end(error_code why) {
  if (over_) return;
  const auto self = shared_from_this();  // whoever hears of it may let it go
  over_ = why;
  timer_.cancel();
  for (auto& w : std::exchange(waiting_, {}))
    w.set_value(std::unexpected(share_fault{told_to_clients(why)}));
  unsaid_ = {};
  tell();
}

void led_share_partition::tell() {
  ++version_;
  news_.notify();
}

bool led_share_partition::idle_since(clock::time_point then) const {
  return !reading_ && !writing_ && deliveries_ && !deliveries_->any_out() && used_ < then;
}

void led_share_partition::begin(const share_rules& rules) {
  settings_ = rules.deliveries;
  background_.spawn("share partition",
                    [self = shared_from_this(), rules] { return load(self, rules); });
}

seastar::future<> led_share_partition::load(self_ptr self, share_rules rules) {
  auto& s = *self;
  kafka::read_share_group_state_request asked;
  asked.group_id = text(s.name_.group);
  auto& topic = asked.topics.emplace_back();
  topic.topic_id = s.name_.topic;
  auto& p = topic.partitions.emplace_back();
  p.partition = s.key_.partition;
  p.leader_epoch = s.epoch_;
  const auto told =
      co_await s.persister_
          .ask<kafka::read_share_group_state_request, kafka::read_share_group_state_response>(
              std::move(asked));
  if (!s.look()) co_return;
  if (const auto code = code_in(told); code != error_code::none) {
    ++s.meters_.loads_failed;
    share_log.info("{} partition {} of share group {} can't be read: {}", s.name_.topic,
                   s.key_.partition, s.name_.group, kafka::describe(code).name);
    s.end(told_to_clients(code));
    co_return;
  }
  auto state = state_of(told);
  s.state_epoch_ = state.state_epoch;
  auto start = state.start;
  const bool fresh = start == no_offset;
  if (fresh) {
    const auto found = co_await s.first_offset(rules.reset);
    if (!s.look()) co_return;
    if (!found) {
      s.end(told_to_clients(found.error()));
      co_return;
    }
    start = *found;
  }
  share::deliveries made(state, start);
  // Where the group begins is stored before anybody gets anything: another leader would look for it
  // at another time, and might begin behind what nobody has seen.
  if (fresh) {
    const auto code = co_await s.write({.start = start, .moved = true});
    if (!s.look()) co_return;
    if (code != error_code::none) {
      s.end(told_to_clients(code));
      co_return;
    }
  }
  ++s.meters_.loaded;
  s.deliveries_ = std::move(made);
  if (s.look()) s.tell();
}

seastar::future<std::expected<offset, error_code>> led_share_partition::first_offset(
    share_reset reset) {
  const auto use = from_->use();
  switch (reset.from) {
    case share_reset::kind::earliest:
      co_return from_->start_offset();
    case share_reset::kind::latest:
      co_return from_->high_watermark();
    case share_reset::kind::before_now:
      break;
  }
  const auto bound = from_->high_watermark();
  const auto found =
      co_await from_->find_time(timestamp(std::max<std::int64_t>(0, wall_ms() - reset.ms)), bound);
  if (!found) co_return std::unexpected(error_code::not_leader_or_follower);
  co_return *found ? (*found)->offset : bound;
}

seastar::future<share_taken> led_share_partition::take(text member, share_budget budget,
                                                       share_rules rules) {
  const auto self = shared_from_this();
  turned_away_ |= reading_;
  if (!look() || !deliveries_ || reading_ || budget.records <= 0) co_return nothing();
  settings_ = rules.deliveries;
  reading_ = true;
  std::exception_ptr failed;
  auto out = nothing();
  try {
    for (int n = 0; n < empty_reads_max; ++n) {
      auto once = co_await take_once(member, budget, rules);
      if (!once) continue;
      out = std::move(*once);
      break;
    }
  } catch (...) {
    failed = std::current_exception();
  }
  reading_ = false;
  if (std::exchange(turned_away_, false)) tell();
  if (failed) std::rethrow_exception(failed);
  co_return out;
}

// Nothing: there was nothing for anybody where it looked; further on there may be.
seastar::future<std::optional<share_taken>> led_share_partition::take_once(
    const text& member, const share_budget& budget, const share_rules& rules) {
  const auto at = deliveries_->next_fetch(rules.deliveries);
  const auto below = rules.committed ? from_->last_stable_offset() : from_->high_watermark();
  if (!at || *at >= below || budget.bytes == 0) co_return nothing();
  const auto use = from_->use();
  auto got = co_await from_->read(*at, budget.bytes, budget.at_least_one, below, rules.committed);
  if (!look()) co_return nothing();
  if (!got) {
    // Records were deleted meanwhile, and the start moves on; or the device fails.
    if (got.error() != replica_error::offset_out_of_range) end(error_code::kafka_storage_error);
    co_return nothing();
  }
  if (got->batches.size() == 0) co_return nothing();
  if (budget.look_only) {
    auto seen = nothing();
    seen.bytes = got->batches.size();
    co_return seen;
  }
  auto out = given(member, *at, std::move(*got), budget, rules);
  const auto next = deliveries_->next_fetch(rules.deliveries);
  if (out.ranges.empty() && next && *next != *at) co_return std::nullopt;
  co_return out;
}

share_taken led_share_partition::given(const text& member, offset asked, store::read_result got,
                                       const share_budget& budget, const share_rules& rules) {
  auto out = nothing();
  const auto batches = look_at_batches(got.batches, got.aborted);
  if (batches.pieces.empty()) return out;
  const share::acquisition of{
      .asked = asked,
      .read = {std::max(asked, batches.pieces.front().first), batches.ends.back()},
      .batch_ends = batches.ends,
      .hidden = batches.hidden,
      .records_max = budget.records,
      .whole_batches = !budget.exact};
  out.ranges = deliveries_->acquire(member, of, rules.deliveries, steady_ms());
  settled();
  for (const auto& r : out.ranges)
    out.count += static_cast<std::int32_t>(r.last.value() - r.first.value() + 1);
  meters_.acquired += static_cast<std::uint64_t>(out.count);
  if (out.count > 0) used_ = clock::now();
  out.records = cut_to(got.batches, batches, out.ranges);
  out.bytes = out.records.size();
  out.ranges = split_at_batches(out.ranges, batches.ends, budget.batch_size);
  out.version = version_;
  return out;
}

seastar::future<share_outcome> led_share_partition::acknowledge(
    text member, std::vector<share::acknowledgement> what, share_rules rules) {
  const auto self = shared_from_this();
  used_ = clock::now();
  if (!look()) co_return std::unexpected(share_fault{told_to_clients(*over_)});
  if (!deliveries_) co_return std::unexpected(share_fault{error_code::unknown_topic_or_partition});
  settings_ = rules.deliveries;
  ++meters_.acknowledgements;
  if (!rules.renewal && renews(what)) {
    ++meters_.acknowledgements_refused;
    co_return std::unexpected(
        share_fault{error_code::invalid_record_state,
                    "Renewing acquisition locks is not enabled for the group."});
  }
  auto change = deliveries_->acknowledge(member, what, rules.deliveries, steady_ms());
  if (!change) {
    ++meters_.acknowledgements_refused;
    co_return std::unexpected(fault_of(change.error()));
  }
  auto stored = store(*std::move(change));
  settled();
  tell();
  co_return co_await std::move(stored);
}

void led_share_partition::release(const text& member, const share_rules& rules) {
  const auto self = shared_from_this();
  if (!look() || !deliveries_) return;
  settings_ = rules.deliveries;
  ++meters_.released;
  store_aside(deliveries_->release_all(member, rules.deliveries));
  settled();
  tell();
  if (over_ || deliveries_->any_out() || background_.stopping()) return;
  background_.spawn("share partition", [self] { return retire(self); });
}

void led_share_partition::refresh() {
  if (ready() && !reading_ && !writing_ && !deliveries_->any_out()) end(error_code::none);
}

// Where nothing is out it is not kept: the group may be empty, and put elsewhere. Whoever comes
// next reads what is stored.
seastar::future<> led_share_partition::retire(self_ptr self) {
  auto& s = *self;
  (void)co_await s.store({});
  if (s.look() && !s.reading_ && !s.writing_ && !s.deliveries_->any_out()) s.end(error_code::none);
}

void led_share_partition::settled() {
  timer_.cancel();
  if (over_ || !deliveries_) return;
  const auto due = deliveries_->next_deadline();
  if (!due) return;
  timer_.arm(std::chrono::milliseconds(std::max<std::int64_t>(1, *due - steady_ms())));
}

void led_share_partition::tick() {
  const auto self = shared_from_this();
  if (!look()) return;
  auto change = deliveries_->tick(settings_, steady_ms());
  if (!change.empty()) {
    ++meters_.locks_ended;
    store_aside(std::move(change));
    tell();
  }
  settled();
}

void led_share_partition::store_aside(delivery_change change) {
  if (over_ || change.empty()) return;
  background_.spawn("share state",
                    [self = shared_from_this(), change = std::move(change)]() mutable {
                      return self->store(std::move(change)).discard_result();
                    });
}

// One write at a time; what comes meanwhile goes with the next.
seastar::future<share_outcome> led_share_partition::store(delivery_change change) {
  if (over_)
    return seastar::make_ready_future<share_outcome>(
        std::unexpected(share_fault{told_to_clients(*over_)}));
  if (change.empty() && !writing_) return seastar::make_ready_future<share_outcome>();
  if (background_.stopping()) {
    return seastar::make_ready_future<share_outcome>(
        std::unexpected(share_fault{error_code::not_leader_or_follower}));
  }
  share::add(unsaid_, std::move(change));
  auto told = waiting_.emplace_back().get_future();
  if (!std::exchange(writing_, true)) {
    background_.spawn("share state", [self = shared_from_this()] { return write_all(self); });
  }
  return told;
}

seastar::future<> led_share_partition::write_all(self_ptr self) {
  auto& s = *self;
  while (!s.waiting_.empty() && !s.over_) {
    auto told = std::exchange(s.waiting_, {});
    auto change = std::exchange(s.unsaid_, {});
    auto code = error_code::none;
    try {
      if (!change.empty()) code = co_await s.write(std::move(change));
    } catch (...) {
      share_log.warn("state of share group {}: {}", s.name_.group, std::current_exception());
      code = error_code::unknown_server_error;
    }
    for (auto& t : told) {
      if (code == error_code::none) {
        t.set_value(share_outcome());
      } else {
        t.set_value(std::unexpected(share_fault{told_to_clients(code)}));
      }
    }
    // Whether it is stored is not known, or another leader goes on: all of it is read again.
    if (code != error_code::none) s.end(error_code::not_leader_or_follower);
  }
  s.writing_ = false;
}

seastar::future<error_code> led_share_partition::write(delivery_change change) {
  kafka::write_share_group_state_request asked;
  asked.group_id = text(name_.group);
  auto& topic = asked.topics.emplace_back();
  topic.topic_id = name_.topic;
  auto& p = topic.partitions.emplace_back();
  p.partition = key_.partition;
  p.state_epoch = state_epoch_;
  p.leader_epoch = epoch_;
  p.start_offset = change.start.value();
  p.delivery_complete_count = change.complete_count;
  p.state_batches.reserve(change.batches.size());
  for (const auto& b : change.batches) {
    auto& to = p.state_batches.emplace_back();
    to.first_offset = b.first.value();
    to.last_offset = b.last.value();
    to.delivery_state = b.delivery_state;
    to.delivery_count = b.delivery_count;
  }
  ++meters_.writes;
  const auto told =
      co_await persister_
          .ask<kafka::write_share_group_state_request, kafka::write_share_group_state_response>(
              std::move(asked));
  const auto code = code_in(told);
  if (code != error_code::none) {
    ++meters_.writes_failed;
    share_log.info("state of share group {} in {} partition {} is not stored: {}", name_.group,
                   name_.topic, key_.partition, kafka::describe(code).name);
  }
  co_return code;
}

}  // namespace weir
