#include "core/share/share_state.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <utility>

namespace weir::share {
namespace {

using delivery = std::pair<std::int16_t, std::int8_t>;  // count, state: the higher one counts

delivery of(const state_batch& b) {
  return {b.delivery_count, b.delivery_state};
}

struct border {
  std::vector<delivery> begin;
  std::vector<delivery> end;
};

void mark(std::map<offset, border>& borders, std::span<const state_batch> batches, offset start) {
  for (const auto& b : batches) {
    if (b.last < start) continue;
    borders[std::max(b.first, start)].begin.push_back(of(b));
    borders[b.last + 1].end.push_back(of(b));
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
                      offset start) {
  std::map<offset, border> borders;
  mark(borders, some, start);
  mark(borders, others, start);
  state_batches out;
  std::multiset<delivery> here;
  for (auto at = borders.begin(); at != borders.end(); ++at) {
    for (const auto& d : at->second.end) here.erase(here.find(d));
    here.insert(at->second.begin.begin(), at->second.begin.end());
    if (here.empty()) continue;
    const auto [count, state] = *here.rbegin();
    const auto last = std::next(at)->first - 1;
    const bool goes_on = !out.empty() && out.back().last + 1 == at->first &&
                         of(out.back()) == delivery{count, state};
    if (goes_on) {
      out.back().last = last;
    } else {
      out.push_back({at->first, last, state, count});
    }
  }
  return out;
}

}  // namespace weir::share
