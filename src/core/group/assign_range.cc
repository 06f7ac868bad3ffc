#include <algorithm>
#include <numeric>
#include <ranges>
#include <tuple>

#include "core/group/assignor.h"

namespace weir::group {

std::string_view name_of(assignor which) {
  switch (which) {
    case assignor::uniform:
      return "uniform";
    case assignor::range:
      return "range";
  }
  return {};
}

std::optional<assignor> assignor_named(std::string_view name) {
  for (const auto which : {assignor::uniform, assignor::range}) {
    if (name == name_of(which)) return which;
  }
  return std::nullopt;
}

assignment assign(assignor by, const assignment_input& in, std::uint64_t& work) {
  switch (by) {
    case assignor::uniform:
      return assign_uniform(in, work);
    case assignor::range:
      return assign_range(in, work);
  }
  return {};
}

assignment assign_range(const assignment_input& in, std::uint64_t& work) {
  // Static members come first, by the id that they keep: a restart then moves nothing.
  std::vector<std::uint32_t> order(in.members.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, {}, [&](std::uint32_t at) {
    const auto& m = in.members[at];
    return std::tuple(!m.instance_id, m.instance_id.value_or(m.member_id), m.member_id);
  });

  std::vector<std::vector<std::uint32_t>> subscribers(in.topics.size());
  for (const auto at : order) {
    for (const auto topic : in.members[at].topics) subscribers[topic].push_back(at);
    work += in.members[at].topics.size();
  }
  assignment out(in.members.size());
  for (std::uint32_t t = 0; t < in.topics.size(); ++t) {
    const auto& topic = in.topics[t];
    const auto members = static_cast<std::int32_t>(subscribers[t].size());
    if (members == 0) continue;
    std::int32_t first = 0;
    for (std::int32_t i = 0; i < members && first < topic.partitions; ++i) {
      const auto share = topic.partitions / members + (i < topic.partitions % members ? 1 : 0);
      out[subscribers[t][static_cast<std::size_t>(i)]].add(topic.id,
                                                           std::views::iota(first, first + share));
      first += share;
      work += static_cast<std::uint64_t>(share);
    }
  }
  return out;
}

}  // namespace weir::group
