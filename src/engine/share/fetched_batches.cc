#include "engine/share/fetched_batches.h"

#include <algorithm>
#include <set>

#include "core/record/batches.h"

namespace weir {

fetched_batches look_at_batches(const fragments& bytes,
                                std::span<const log::aborted_transaction> aborted) {
  fetched_batches out;
  std::vector<log::aborted_transaction> waiting(aborted.begin(), aborted.end());
  std::ranges::sort(waiting, {}, [](const auto& a) { return a.first; });
  auto next = waiting.begin();
  std::set<producer_id> open;  // whose batches are of an aborted transaction, up to a marker
  record::batch_walk walk(bytes);
  while (true) {
    const auto at = walk.position();
    const auto one = walk.next();
    if (!one || !*one) return out;
    const auto& h = (*one)->header;
    const share::offset_range range{h.base_offset, h.last_offset()};
    out.pieces.push_back({range.first, range.last, at, h.size()});
    out.ends.push_back(range.last);
    for (; next != waiting.end() && next->first <= range.last; ++next) open.insert(next->producer);
    if (h.control()) {
      out.hidden.push_back(range);
      open.erase(h.producer);
    } else if (h.transactional() && open.contains(h.producer)) {
      out.hidden.push_back(range);
    }
  }
}

fragments cut_to(const fragments& bytes, const fetched_batches& batches,
                 std::span<const share::acquired_range> given) {
  if (given.empty()) return {};
  const auto first = std::ranges::find_if(
      batches.pieces, [&](const auto& p) { return p.last >= given.front().first; });
  auto last = first;
  for (auto at = first; at != batches.pieces.end() && at->first <= given.back().last; ++at)
    last = at;
  if (first == batches.pieces.end()) return {};
  return bytes.slice(first->at, last->at + last->size - first->at);
}

std::vector<share::acquired_range> split_at_batches(std::span<const share::acquired_range> given,
                                                    std::span<const offset> ends,
                                                    std::int32_t size) {
  std::vector<share::acquired_range> out;
  for (auto range : given) {
    for (auto end = std::ranges::lower_bound(ends, range.first);
         size > 0 && end != ends.end() && *end < range.last; ++end) {
      if (*end - range.first + 1 < size) continue;
      out.push_back({range.first, *end, range.delivery_count});
      range.first = *end + 1;
    }
    out.push_back(range);
  }
  return out;
}

}  // namespace weir
