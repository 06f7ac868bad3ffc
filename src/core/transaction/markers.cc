// From the decision to the last marker.
#include <algorithm>
#include <limits>

#include "core/transaction/coordinator.h"
#include "core/transaction/transitions.h"

namespace weir::transaction {
namespace {

constexpr auto never = std::numeric_limits<std::int64_t>::max();

}  // namespace

void transaction_coordinator::prepare(place at, transaction prepared, moment now, effects& out) {
  if (broken_.prepare_not_stored)
    return send_markers(become(at->first, std::move(prepared)), now, out);
  send_markers(emit(at->first, std::move(prepared), out), now, out);
}

void transaction_coordinator::send_markers(place at, moment now, effects& out) {
  auto& e = at->second;
  e.ending = ++endings_;
  e.unwritten.clear();
  if (e.is.partitions.empty()) return complete(at, now, out);
  for (const auto& p : e.is.partitions)
    e.unwritten.emplace(p, sent_marker{.due = now.steady_ms, .failures = 0});
  send_again(at, now, out);
}

void transaction_coordinator::send_again(place at, moment now, effects& out) {
  auto& e = at->second;
  markers_to_send markers{
      .transactional_id = at->first,
      .ending = e.ending,
      .producer = e.is.producer,
      .epoch = e.is.epoch,
      .commit = e.is.state == transaction_state::prepare_commit,
      .coordinator_epoch = coordinator_epoch_,
      .transaction_version = e.is.client_version,
      .partitions = {},
  };
  for (auto& [partition, sent] : e.unwritten) {
    if (sent.due > now.steady_ms) continue;
    sent.due = e.is.bumps_epochs() ? now.steady_ms + settings_.marker_silence_ms : never;
    markers.partitions.push_back(partition);
  }
  if (!markers.partitions.empty()) out.markers.push_back(std::move(markers));
  look_after(at);
}

void transaction_coordinator::look_after(place at) {
  const auto& unwritten = at->second.unwritten;
  const auto first =
      std::ranges::min_element(unwritten, {}, [](const auto& one) { return one.second.due; });
  const bool none = first == unwritten.end() || first->second.due == never;
  set_due(at, none ? std::nullopt : std::optional(first->second.due));
}

void transaction_coordinator::complete(place at, moment now, effects& out) {
  emit(at->first, completed(at->second.is, now.wall), out);
}

// A report about another ending is one that came late: its transaction is over.
transaction_coordinator::place transaction_coordinator::find_ending(const marker_report& report) {
  const auto at = transactions_.find(report.transactional_id);
  if (at == transactions_.end()) return at;
  const auto& e = at->second;
  const bool current =
      loaded_ && e.is.prepared() && (e.ending == report.ending || broken_.any_report_counts);
  return current && e.unwritten.contains(report.partition) ? at : transactions_.end();
}

effects transaction_coordinator::marker_written(const marker_report& report, moment now) {
  effects out;
  const auto at = find_ending(report);
  if (at == transactions_.end()) return out;
  at->second.unwritten.erase(report.partition);
  if (at->second.unwritten.empty() || broken_.completes_early) {
    complete(at, now, out);
  } else {
    look_after(at);
  }
  return out;
}

effects transaction_coordinator::marker_failed(const marker_report& report, marker_failure why,
                                               moment now) {
  switch (why) {
    case marker_failure::superseded:
    case marker_failure::gone:
      return marker_written(report, now);
    case marker_failure::unreachable:
      break;
  }
  const auto at = find_ending(report);
  if (at == transactions_.end()) return {};
  auto& sent = at->second.unwritten.at(report.partition);
  constexpr std::uint32_t doublings_max = 20;
  const auto wait = settings_.marker_retry_ms_min << std::min(sent.failures, doublings_max);
  ++sent.failures;
  sent.due =
      broken_.sends_once ? never : now.steady_ms + std::min(wait, settings_.marker_retry_ms_max);
  look_after(at);
  return {};
}

}  // namespace weir::transaction
