#pragma once
// Which partitions of this shard compaction leaves alone for a while, because a pass over them
// failed.
#include <absl/container/flat_hash_map.h>

#include <chrono>
#include <string>

#include "core/base/partition_key.h"

namespace weir {

class compaction_failures {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::minutes wait_first{1};
  static constexpr std::chrono::minutes wait_most{60};

  struct failure {
    std::string why;
    std::chrono::steady_clock::duration wait{};
    time_point retry_at;
  };

  // Waits twice as long as after the failure before it.
  const failure& failed(const partition_key& key, std::string why, time_point now);
  void succeeded(const partition_key& key) { failures_.erase(key); }
  [[nodiscard]] bool may_try(const partition_key& key, time_point now) const;
  // Null where its last pass did not fail.
  [[nodiscard]] const failure* find(const partition_key& key) const;
  // Forgets the partitions that are no longer here.
  template <typename Here>
  void keep_only(Here here) {
    absl::erase_if(failures_, [&](const auto& f) { return !here(f.first); });
  }

 private:
  absl::flat_hash_map<partition_key, failure> failures_;
};

}  // namespace weir
