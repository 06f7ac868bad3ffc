#include "core/catalog/assignment_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/check.h"

namespace weir::catalog {
namespace {

std::unexpected<placement_fault> refuse(std::string message) {
  return std::unexpected(placement_fault{placement_fault::kind::assignment, std::move(message)});
}

}  // namespace

std::expected<void, placement_fault> check_assignment(const state& s, const broker_facts& facts,
                                                      const wished_partition& wished,
                                                      std::optional<std::size_t> factor) {
  if (wished.replicas.empty())
    return refuse("The manual partition assignment includes an empty replica list.");
  auto sorted = wished.replicas;
  std::ranges::sort(sorted);
  if (const auto twice = std::ranges::adjacent_find(sorted); twice != sorted.end()) {
    return refuse(fmt::format(
        "The manual partition assignment includes the broker {} more than once.", *twice));
  }
  for (const auto node : sorted) {
    if (s.find_broker(node)) continue;
    return refuse(
        fmt::format("The manual partition assignment includes broker {}, but no such "
                    "broker is registered.",
                    node));
  }
  if (sorted.size() > replicas_max) {
    return refuse(
        fmt::format("The manual partition assignment includes a partition with {} "
                    "replica(s); {} are possible.",
                    sorted.size(), replicas_max));
  }
  if (factor && *factor != sorted.size()) {
    return refuse(
        fmt::format("The manual partition assignment includes a partition with {} "
                    "replica(s), but this is not consistent with previous partitions, "
                    "which have {} replica(s).",
                    sorted.size(), *factor));
  }
  if (std::ranges::none_of(sorted, [&](auto node) { return alive(facts, node); })) {
    return refuse(
        fmt::format("All brokers specified in the manual partition assignment for "
                    "partition {} are fenced or in controlled shutdown.",
                    wished.partition));
  }
  return {};
}

std::expected<std::vector<replica_list>, placement_fault> check_assignments(
    const state& s, const broker_facts& facts, std::vector<wished_partition> wished) {
  std::ranges::stable_sort(wished, {}, &wished_partition::partition);
  const auto twice = std::ranges::adjacent_find(wished, {}, &wished_partition::partition);
  if (twice != wished.end()) {
    return refuse(fmt::format("Found multiple manual partition assignments for partition {}",
                              twice->partition));
  }
  std::vector<replica_list> out;
  std::optional<std::size_t> factor;
  for (auto& w : wished) {
    if (w.partition != static_cast<std::int32_t>(out.size()))
      return refuse("partitions should be a consecutive 0-based integer sequence");
    weir_try_void(check_assignment(s, facts, w, factor));
    factor = w.replicas.size();
    out.push_back(std::move(w.replicas));
  }
  return out;
}

}  // namespace weir::catalog
