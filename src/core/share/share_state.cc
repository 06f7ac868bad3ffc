#include "core/share/share_state.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <tuple>

namespace weir::share {
namespace {

// Whether it is done, count, state: the higher one counts.
using delivery = std::tuple<bool, std::int16_t, std::int8_t>;

delivery of(const state_batch& b, const defects& broken) {
  const bool done = b.delivery_state != 0 && !broken.done_by_count;
  return {done, b.delivery_count, b.delivery_state};
}

struct border {
  std::vector<delivery> begin;
  std::vector<delivery> end;
};
using borders = std::map<offset, border>;

void mark(borders& all, std::span<const state_batch> batches, offset start, const defects& broken) {
  for (const auto& b : batches) {
    if (b.last < start) continue;
    all[std::max(b.first, start)].begin.push_back(of(b, broken));
    all[b.last + 1].end.push_back(of(b, broken));
  }
}

}  // namespace

bool well_formed(std::span<const state_batch> batches) {
  return std::ranges::all_of(batches, [](const state_batch& b) {
    return b.first >= offset(0) && b.first <= b.last &&
           b.last < offset(std::numeric_limits<std::int64_t>::max());
  });
}

state_batches combine(std::span<const state_batch> some, std::span<const state_batch> others,
                      offset start, const defects& broken) {
  borders all;
  mark(all, some, start, broken);
  mark(all, others, start, broken);
  state_batches out;
  std::multiset<delivery> here;
  for (auto at = all.begin(); at != all.end(); ++at) {
    for (const auto& d : at->second.end) here.erase(here.find(d));
    here.insert(at->second.begin.begin(), at->second.begin.end());
    if (here.empty()) continue;
    const auto& counts = broken.older_counts ? *here.begin() : *here.rbegin();
    const auto& [done, count, state] = counts;
    const auto last = std::next(at)->first - 1;
    const bool goes_on =
        !out.empty() && out.back().last + 1 == at->first && of(out.back(), broken) == counts;
    if (goes_on) {
      out.back().last = last;
    } else {
      out.push_back({at->first, last, state, count});
    }
  }
  return out;
}

}  // namespace weir::share
