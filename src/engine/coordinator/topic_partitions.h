#pragma once
// Follows a coordinators' topic on one shard: which of its partitions are open here. One that is
// opened gets its coordinator, one that is closed loses it.
#include <seastar/core/condition-variable.hh>

#include <string>

#include "engine/cluster/cluster.h"
#include "engine/runtime/fibers.h"

namespace weir {

class topic_partitions {
 public:
  topic_partitions(cluster& where, std::string topic);
  virtual ~topic_partitions() = default;
  topic_partitions(const topic_partitions&) = delete;

  [[nodiscard]] const std::string& topic() const { return topic_; }
  // Nothing while the topic is not there.
  [[nodiscard]] const catalog::topic* found() const { return where_.catalog().find(topic_); }
  [[nodiscard]] cluster& of() const { return where_; }

 protected:
  // Runs `keep` for each partition that is open, until it returns.
  void begin();
  seastar::future<> end();
  // Until the replica is closed or end() was called; `there` says which.
  virtual seastar::future<> keep(partition_key key, replica& r) = 0;
  // All keep() are to return.
  virtual void interrupt() = 0;
  [[nodiscard]] fibers& background() { return fibers_; }

 private:
  seastar::future<> watch();
  void look();
  seastar::future<> keep_one(partition_key key, replica* r);

  cluster& where_;
  std::string topic_;
  absl::flat_hash_map<partition_key, replica*> kept_;
  seastar::condition_variable changed_;
  std::function<void()> on_opened_;
  event_listener opened_;
  fibers fibers_;
};

}  // namespace weir
