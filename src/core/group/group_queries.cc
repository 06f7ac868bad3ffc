// DescribeGroups and ListGroups.
#include <fmt/format.h>

#include <algorithm>

#include "core/group/coordinator_parts.h"
#include "core/group/subscription.h"

namespace weir::group {

using kafka::error_code;

namespace {

constexpr std::string_view type_name = "Classic";
constexpr std::string_view consumer_type_name = "Consumer";
constexpr std::string_view share_type_name = "share";
constexpr std::string_view streams_type_name = "streams";
constexpr std::string_view no_group_state = "Dead";  // what a group is that isn't there
// DescribeGroups from this version on: that a group isn't there is an error.
constexpr std::int16_t first_with_not_found = 6;

bool same_but_for_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

// An empty filter lets everything pass.
template <typename Filter>
bool passes(const Filter& filter, std::string_view name) {
  return filter.empty() || std::ranges::any_of(filter, [&](const text& wanted) {
           return same_but_for_case(wanted, name);
         });
}

void describe(const classic_group& g, kafka::describe_groups_response::group& to) {
  to.group_state = text::unowned(name_of(g.state()));
  if (g.protocol_type()) to.protocol_type = text::copy(*g.protocol_type());
  // In a rebalance, what the members have is on its way out.
  const bool stable = g.state() == classic_state::stable;
  if (stable && g.protocol_name()) to.protocol_data = text::copy(*g.protocol_name());
  to.members.reserve(g.members().size());
  for (const auto& [id, m] : g.members()) {
    auto& member = to.members.emplace_back();
    member.member_id = text::copy(id);
    if (m.instance_id) member.group_instance_id = text::copy(*m.instance_id);
    member.client_id = text::copy(m.client_id);
    member.client_host = text::copy(m.client_host);
    if (!stable) continue;
    member.member_metadata = m.metadata_for(g.protocol_name().value_or(""));
    member.member_assignment = m.assignment;
  }
}

}  // namespace

void coordinator::parts::on(const kafka::describe_groups_request& r, const request_context& c,
                            output& out) {
  kafka::describe_groups_response a;
  a.groups.reserve(r.groups.size());
  for (const auto& id : r.groups) {
    auto& to = a.groups.emplace_back();
    to.group_id = id;
    if (const auto* g = classic.find(id)) {
      describe(*g, to);
      continue;
    }
    to.group_state = text::unowned(no_group_state);
    if (c.api_version < first_with_not_found) continue;
    to.error = error_code::group_id_not_found;
    const bool other = consumers.find(id) || shares.find(id) || streams.find(id);
    to.error_message =
        text(fmt::format("Group {} {}.", id, other ? "is not a classic group" : "not found"));
  }
  out.answer_to(c.ticket, std::move(a));
}

void coordinator::parts::on(const kafka::list_groups_request& r, const request_context& c,
                            output& out) {
  kafka::list_groups_response a;
  if (passes(r.types_filter, type_name)) {
    for (const auto& [id, g] : classic.groups()) {
      const auto state = name_of(g->state());
      if (!passes(r.states_filter, state)) continue;
      auto& to = a.groups.emplace_back();
      to.group_id = text::copy(id);
      if (g->protocol_type()) to.protocol_type = text::copy(*g->protocol_type());
      to.group_state = text::unowned(state);
      to.group_type = text::unowned(type_name);
    }
  }
  if (passes(r.types_filter, consumer_type_name)) {
    for (const auto& [id, g] : consumers.all()) {
      const auto state = name_of(g->state());
      if (!passes(r.states_filter, state)) continue;
      auto& to = a.groups.emplace_back();
      to.group_id = id;
      to.protocol_type = text::unowned(consumer_protocol_type);
      to.group_state = text::unowned(state);
      to.group_type = text::unowned(consumer_type_name);
    }
  }
  if (passes(r.types_filter, share_type_name)) {
    for (const auto& [id, g] : shares.all()) {
      if (!passes(r.states_filter, g->state_name())) continue;
      auto& to = a.groups.emplace_back();
      to.group_id = id;
      to.protocol_type = "share";
      to.group_state = text::unowned(g->state_name());
      to.group_type = text::unowned(share_type_name);
    }
  }
  if (passes(r.types_filter, streams_type_name)) {
    for (const auto& [id, g] : streams.all()) {
      const auto state = name_of(g->state());
      // Kafka looks for its own name of this state, and finds nothing by the one that it tells.
      const bool is_waiting = g->state() == streams_group_state::not_ready;
      if (!passes(r.states_filter, state) &&
          (!is_waiting || !passes(r.states_filter, "not_ready"))) {
        continue;
      }
      auto& to = a.groups.emplace_back();
      to.group_id = id;
      to.protocol_type = "streams";
      to.group_state = text::unowned(state);
      to.group_type = text::unowned(streams_type_name);
    }
  }
  out.answer_to(c.ticket, std::move(a));
}

}  // namespace weir::group
