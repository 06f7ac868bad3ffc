#pragma once
// Which indexes of closed segments are in memory. Their entries are read from the index files when
// they are first wanted; above the budget those that were not used for longest are forgotten.
//
// Invariant: what is on the shelf takes at most the budget, or is one index. Shard-local; no waits.
#include <boost/intrusive/list.hpp>
#include <cstdint>

#include "core/log/segment_index.h"

namespace weir::store {

class index_shelf;

// A segment's index, which may be on the shelf; destruction and assignment take it down.
class kept_index : public log::segment_index {
 public:
  explicit kept_index(log::segment_index index) : log::segment_index(std::move(index)) {}
  ~kept_index() { take_down(); }
  kept_index(const kept_index&) = delete;
  kept_index& operator=(const kept_index&) = delete;
  kept_index& operator=(log::segment_index index) {
    take_down();
    log::segment_index::operator=(std::move(index));
    return *this;
  }
  // Its entries stay from now on.
  void take_down();

 private:
  friend class index_shelf;
  index_shelf* on_ = nullptr;
  std::uint64_t bytes_ = 0;  // counted there
  boost::intrusive::list_member_hook<> hook_;
};

class index_shelf {
 public:
  explicit index_shelf(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}
  // A complete index of a closed segment was used.
  void use(kept_index& index);
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  friend class kept_index;
  std::uint64_t bytes_max_;
  std::uint64_t bytes_ = 0;
  boost::intrusive::list<
      kept_index, boost::intrusive::member_hook<kept_index, boost::intrusive::list_member_hook<>,
                                                &kept_index::hook_>>
      used_;  // the latest first
};

}  // namespace weir::store
