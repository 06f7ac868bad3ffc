#pragma once
// The records that there are, as their committed logs say it.
#include <algorithm>
#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include "core/base/ids.h"
#include "core/base/partition_key.h"
#include "sim/shares/surroundings.h"

namespace weir::sim::shares {

class data_truth {
 public:
  void committed(const partition_key& p, const placed& what) {
    auto& d = all_[key(p)];
    d.hidden.insert(d.hidden.end(), static_cast<std::size_t>(what.count), what.hidden);
    d.gone.resize(d.hidden.size(), false);
  }
  void deleted(const partition_key& p, offset before) {
    auto& start = all_[key(p)].start;
    start = std::max(start, before.value());
  }
  void compacted(const partition_key& p, offset first, offset last) {
    auto& d = all_[key(p)];
    for (auto o = first.value(); o <= last.value(); ++o) d.gone[static_cast<std::size_t>(o)] = true;
  }
  [[nodiscard]] std::int64_t end(const partition_key& p) const {
    const auto at = all_.find(key(p));
    return at == all_.end() ? 0 : static_cast<std::int64_t>(at->second.hidden.size());
  }
  [[nodiscard]] std::int64_t start(const partition_key& p) const {
    const auto at = all_.find(key(p));
    return at == all_.end() ? 0 : at->second.start;
  }
  // Nobody may see it.
  [[nodiscard]] bool hidden(const partition_key& p, std::int64_t o) const {
    return o < end(p) && all_.at(key(p)).hidden[static_cast<std::size_t>(o)];
  }
  // It is in no copy that was compacted: a member may be told that it has it, and finds nothing.
  [[nodiscard]] bool removed(const partition_key& p, std::int64_t o) const {
    return o < end(p) && all_.at(key(p)).gone[static_cast<std::size_t>(o)];
  }
  // Not everybody can see it.
  [[nodiscard]] bool gone(const partition_key& p, std::int64_t o) const {
    return o < start(p) || hidden(p, o) || removed(p, o);
  }

 private:
  using in_order = std::pair<uuid, std::int32_t>;
  static in_order key(const partition_key& p) { return {p.topic_id, p.partition}; }
  struct data {
    std::vector<bool> hidden;
    std::vector<bool> gone;
    std::int64_t start = 0;  // some copy's log may begin there
  };
  std::map<in_order, data> all_;
};

}  // namespace weir::sim::shares
