#pragma once
// What group 0's replica keeps and ships in place of entries that were cut off: the catalog.
#include "engine/cluster/cluster.h"

namespace weir {

class cluster::state_keeper final : public log_summary {
 public:
  explicit state_keeper(cluster& of) : of_(of) {}
  seastar::future<std::optional<fragments>> read() override;
  seastar::future<bool> take(fragments summary) override;

 private:
  cluster& of_;
};

}  // namespace weir
