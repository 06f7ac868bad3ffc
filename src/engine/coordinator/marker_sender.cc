#include "engine/coordinator/marker_sender.h"

#include <algorithm>

#include <seastar/core/coroutine.hh>
#include <seastar/util/later.hh>

namespace weir {
namespace {

using namespace std::chrono_literals;
using transaction::marker_failure;

constexpr unsigned calls_at_once = 8;  // to one broker
constexpr std::size_t markers_a_call = 1000;
constexpr auto missing_patience = 5s;
// After a call of which nobody knows how it ended: what is under way arrives within this time and
// the receiver's own (marker_writer.cc), or never.
constexpr auto arrives_within = 5s;
constexpr std::int16_t copies_do_no_harm_since = 2;  // transaction version

std::optional<marker_failure> failure_of(kafka::error_code code) {
  switch (code) {
    case kafka::error_code::none:
      return std::nullopt;
    case kafka::error_code::invalid_producer_epoch:
      return marker_failure::superseded;
    default:
      return marker_failure::unreachable;
  }
}

}  // namespace

marker_sender::marker_sender(cluster& where, marker_writer& local,
                             std::function<void(const told&)> tell)
    : where_(where), local_(local), tell_(std::move(tell)) {}

seastar::future<> marker_sender::stop() {
  return fibers_.stop();
}

void marker_sender::send(std::int32_t coordinator, transaction::markers_to_send markers) {
  if (fibers_.stopping()) return;
  for (auto& p : markers.partitions) {
    route({.coordinator = coordinator,
           .report = {.transactional_id = markers.transactional_id,
                      .ending = markers.ending,
                      .partition = p},
           .marker = {.topic = p.topic,
                      .partition = p.partition.value(),
                      .producer = markers.producer,
                      .epoch = markers.epoch,
                      .commit = markers.commit,
                      .coordinator_epoch = markers.coordinator_epoch,
                      .transaction_version = markers.transaction_version}});
  }
}

void marker_sender::route(order o) {
  const auto* t = where_.catalog().find(o.marker.topic);
  if (!t || !where_.catalog().find(partition_key{t->id, o.marker.partition})) {
    fibers_.spawn("marker of a missing topic",
                  [this, o = std::move(o)]() mutable { return look_for(std::move(o)); });
    return;
  }
  // Where nobody is known to lead, this broker says so soon enough.
  const auto leader = where_.leader_of({t->id, o.marker.partition}).node;
  const auto to = leader == catalog::no_node ? where_.settings().self : leader;
  lanes_[to].waiting.push_back(std::move(o));
  pump(to);
}

void marker_sender::pump(node_id to) {
  auto& l = lanes_[to];
  while (!l.waiting.empty() && l.under_way < calls_at_once && !fibers_.stopping()) {
    std::vector<order> some;
    while (!l.waiting.empty() && some.size() < markers_a_call) {
      some.push_back(std::move(l.waiting.front()));
      l.waiting.pop_front();
    }
    ++l.under_way;
    fibers_.spawn("markers", [this, to, some = std::move(some)]() mutable {
      return deliver(to, std::move(some));
    });
  }
}

seastar::future<> marker_sender::deliver(node_id to, std::vector<order> orders) {
  std::vector<wanted_marker> markers;
  markers.reserve(orders.size());
  for (const auto& o : orders) markers.push_back(o.marker);
  // What is told from here on comes from outside of the step that gave the order.
  co_await seastar::yield();
  std::vector<kafka::error_code> codes;
  try {
    codes = co_await write(to, std::move(markers));
  } catch (...) {
    coordinator_log.warn("markers for broker {}: {}", to, std::current_exception());
  }
  const bool unknown = codes.size() != orders.size();
  codes.resize(orders.size(), kafka::error_code::unknown_server_error);
  --lanes_[to].under_way;
  pump(to);
  const bool may_harm = std::ranges::any_of(orders, [](const order& o) {
    return o.marker.transaction_version < copies_do_no_harm_since;
  });
  // Until then no copy of it may be sent, which could come first.
  if (unknown && may_harm && to != where_.settings().self)
    (void)co_await fibers_.stopped_within(arrives_within);
  for (std::size_t i = 0; i < orders.size(); ++i) answer(orders[i], codes[i]);
}

seastar::future<std::vector<kafka::error_code>> marker_sender::write(
    node_id to, std::vector<wanted_marker> markers) {
  if (to == where_.settings().self) return local_.write(std::move(markers));
  return local_.write_at(to, std::move(markers));
}

seastar::future<> marker_sender::look_for(order o) {
  if (co_await fibers_.stopped_within(missing_patience)) co_return;
  const auto* t = where_.catalog().find(o.marker.topic);
  const bool there = t && where_.catalog().find(partition_key{t->id, o.marker.partition});
  tell_({.coordinator = o.coordinator,
         .report = o.report,
         .failed = there ? marker_failure::unreachable : marker_failure::gone});
}

void marker_sender::answer(const order& o, kafka::error_code code) {
  tell_({.coordinator = o.coordinator, .report = o.report, .failed = failure_of(code)});
}

}  // namespace weir
