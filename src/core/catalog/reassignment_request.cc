#include "core/catalog/reassignment_request.h"

#include <fmt/format.h>

#include "core/catalog/assignment_check.h"

namespace weir::catalog {
namespace {

using kind = reassignment_fault::kind;

std::unexpected<reassignment_fault> refuse(kind what, std::string message) {
  return std::unexpected(reassignment_fault{what, std::move(message)});
}

}  // namespace

std::expected<void, reassignment_fault> check_reassignment(
    const state& s, const broker_facts& facts, const partition_key& key,
    const std::optional<replica_list>& target, bool factor_may_change) {
  const auto* at = s.find(key);
  if (!at)
    return refuse(kind::unknown_partition, "This server does not host this topic-partition.");
  if (!target) {
    if (at->reassigning()) return {};
    return refuse(kind::none_in_progress, "No partition reassignment is in progress.");
  }
  auto fits = check_assignment(s, facts, {key.partition, *target}, std::nullopt);
  if (!fits) return refuse(kind::assignment, std::move(fits).error().message);
  if (!factor_may_change && target->size() != at->wanted().size()) {
    return refuse(kind::replication_factor,
                  fmt::format("The replication factor is changed from {} to {}",
                              at->wanted().size(), target->size()));
  }
  if (!at->has_room_for(*target)) {
    return refuse(kind::busy,
                  "Too many brokers still hold a replica from reassignments before this one.");
  }
  return {};
}

std::optional<ongoing_reassignment> ongoing(const state& s, const partition_key& key) {
  const auto* at = s.find(key);
  if (!at || !at->reassigning()) return std::nullopt;
  return ongoing_reassignment{key, at->assigned(), at->adding(), at->removing()};
}

chunked_vector<ongoing_reassignment> all_ongoing(const state& s) {
  chunked_vector<ongoing_reassignment> out;
  for (const auto& [name, t] : s.topics()) {
    for (std::size_t i = 0; i < t->partitions.size(); ++i) {
      if (auto one = ongoing(s, {t->id, static_cast<std::int32_t>(i)}))
        out.push_back(*std::move(one));
    }
  }
  return out;
}

}  // namespace weir::catalog
