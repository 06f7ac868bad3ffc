#include <algorithm>
#include <numeric>
#include <tuple>

#include "core/group/share_group.h"

namespace weir::group {

assignment assign_shared(const assignment_input& in, std::uint64_t& work) {
  auto out = assign_uniform(in, work);
  // Who has nothing shares what the fewest have, of what it wants; first what it had before.
  std::vector<std::vector<std::uint32_t>> sharing(in.topics.size());
  for (std::size_t t = 0; t < in.topics.size(); ++t) {
    sharing[t].assign(static_cast<std::size_t>(std::max(in.topics[t].partitions, 0)), 1);
  }
  std::vector<std::uint32_t> order;
  for (std::uint32_t m = 0; m < in.members.size(); ++m) {
    if (out[m].empty()) order.push_back(m);
  }
  std::ranges::sort(order, {}, [&](std::uint32_t m) { return in.members[m].member_id; });
  for (const auto m : order) {
    const auto& member = in.members[m];
    // Fewest members, then not new, then the first.
    std::tuple<std::uint32_t, bool, std::uint32_t, std::size_t> best{UINT32_MAX, true, 0, 0};
    for (const auto t : member.topics) {
      work += sharing[t].size();
      for (std::size_t p = 0; p < sharing[t].size(); ++p) {
        const partition_key key{in.topics[t].id, static_cast<std::int32_t>(p)};
        const bool is_new = !member.before || !member.before->contains(key);
        best = std::min(best, {sharing[t][p], is_new, t, p});
      }
    }
    const auto& [count, is_new, topic, partition] = best;
    if (count == UINT32_MAX) continue;
    ++sharing[topic][partition];
    out[m].add({in.topics[topic].id, static_cast<std::int32_t>(partition)});
  }
  return out;
}

}  // namespace weir::group
