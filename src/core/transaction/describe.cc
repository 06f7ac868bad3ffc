// What is known of transactions, for people and tools (KIP-664).
#include <algorithm>
#include <set>

#include "core/group/consumer_regex.h"
#include "core/transaction/coordinator.h"

namespace weir::transaction {
namespace {

using kafka::error_code;
using described = kafka::describe_transactions_response::transaction_state_info;

void add_to(described& into, const topic_partition& p) {
  if (into.topics.empty() || into.topics.back().topic.view() != p.topic)
    into.topics.emplace_back().topic = text::copy(p.topic);
  into.topics.back().partitions.push_back(p.partition.value());
}

bool among(const chunked_vector<std::int64_t>& ids, producer_id one) {
  return ids.empty() || std::ranges::find(ids, one.value()) != ids.end();
}

}  // namespace

void transaction_coordinator::on(const kafka::describe_transactions_request& r,
                                 const request_context& c, effects& out) {
  kafka::describe_transactions_response answer;
  for (const auto& id : r.transactional_ids) {
    auto& info = answer.transaction_states.emplace_back();
    info.transactional_id = id;
    const auto at = transactions_.find(id.view());
    if (!loaded_ || id.empty() || at == transactions_.end()) {
      info.error = !loaded_     ? error_code::coordinator_load_in_progress
                   : id.empty() ? error_code::invalid_request
                                : error_code::transactional_id_not_found;
      continue;
    }
    const auto& t = at->second.is;
    info.transaction_state = text::unowned(to_string(t.state));
    info.transaction_timeout_ms = t.timeout_ms;
    info.transaction_start_time_ms = t.started.value();
    info.producer_id = t.producer.value();
    info.producer_epoch = t.epoch.value();
    // Of a prepared one, those that still lack its marker: what to look at if it doesn't end.
    if (t.prepared()) {
      for (const auto& [partition, sent] : at->second.unwritten) add_to(info, partition);
    } else {
      for (const auto& partition : t.partitions) add_to(info, partition);
    }
  }
  out.answers.emplace_back(c.ticket, std::move(answer));
}

void transaction_coordinator::on(const kafka::list_transactions_request& r,
                                 const request_context& c, effects& out) {
  kafka::list_transactions_response answer;
  std::function<bool(std::string_view)> matches;
  if (r.transactional_id_pattern && !r.transactional_id_pattern->empty()) {
    matches = group::matcher_of(*r.transactional_id_pattern);
    if (!matches) {
      answer.error = error_code::invalid_regular_expression;
      out.answers.emplace_back(c.ticket, std::move(answer));
      return;
    }
  }
  std::set<transaction_state> states;
  for (const auto& name : r.state_filters) {
    if (const auto state = parse_transaction_state(name)) {
      states.insert(*state);
    } else {
      answer.unknown_state_filters.push_back(name);
    }
  }
  if (!loaded_) answer.error = error_code::coordinator_load_in_progress;
  const auto longer_than = r.duration_filter;
  for (const auto& [id, e] : transactions_) {
    if (!loaded_) break;
    const auto& t = e.is;
    if (!among(r.producer_id_filters, t.producer)) continue;
    if (!r.state_filters.empty() && !states.contains(t.state)) continue;
    if (longer_than >= 0 && ms_between(t.started, c.now.wall) <= longer_than) continue;
    if (matches && !matches(id)) continue;
    answer.transaction_states.push_back({.transactional_id = text::copy(id),
                                         .producer_id = t.producer.value(),
                                         .transaction_state = text::unowned(to_string(t.state)),
                                         .unknown = {}});
  }
  out.answers.emplace_back(c.ticket, std::move(answer));
}

}  // namespace weir::transaction
