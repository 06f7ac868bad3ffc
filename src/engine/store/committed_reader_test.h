#pragma once
// What a consumer of committed transactions shows of a read, as Kafka's do it: by the list of
// aborted ones, and the markers among the batches.
#include <seastar/testing/test_case.hh>

#include <algorithm>
#include <set>
#include <vector>

#include "core/record/batch_builder.h"
#include "core/record/batches.h"
#include "engine/store/partition_log.h"

namespace weir::store {

inline std::vector<record::batch> shown(const read_result& got) {
  auto aborted = got.aborted;
  std::ranges::sort(aborted, {}, &log::aborted_transaction::first);
  auto next = aborted.begin();
  std::set<producer_id> dropped;
  std::vector<record::batch> out;
  record::batch_walk walk(got.batches);
  while (true) {
    auto batch = walk.next();
    BOOST_REQUIRE(batch.has_value());
    if (!*batch) return out;
    const auto& h = (*batch)->header;
    for (; next != aborted.end() && next->first <= h.last_offset(); ++next)
      dropped.insert(next->producer);
    if (h.control()) {
      const auto seen = record::read_marker(h, (*batch)->all);
      BOOST_REQUIRE(seen.has_value() && seen->has_value());
      if ((*seen)->kind == record::marker::abort) dropped.erase(h.producer);
    } else if (!h.transactional() || !dropped.contains(h.producer)) {
      out.push_back(*std::move(*batch));
    }
  }
}

}  // namespace weir::store
