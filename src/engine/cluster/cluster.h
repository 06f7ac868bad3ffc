#pragma once
// The cluster as one broker sees it: the catalog with its log (group 0), and the partitions that
// live here, each on one shard. One instance per shard; every shard has the whole catalog state,
// shard 0 has group 0.
//
// A command is proposed on shard 0, committed like any record, and applied on all shards in the
// same order; execute() resolves when every shard has applied it and the partitions that it made
// can be used.
#include <absl/container/flat_hash_map.h>

#include <seastar/core/queue.hh>
#include <seastar/core/scheduling.hh>
#include <seastar/core/sharded.hh>

#include <expected>
#include <memory>
#include <string>

#include "core/base/partition_key.h"
#include "core/catalog/state.h"
#include "engine/cluster/compaction.h"
#include "engine/cluster/news.h"
#include "engine/replica/replica.h"

namespace weir {

struct cluster_settings {
  node_id self{1};
  std::string data_dir;  // absolute
  host_port advertised;  // what clients are told
  std::string rack;
  option_layer node;                          // from file and flags
  std::size_t cache_bytes = 64 << 20;         // per shard
  std::size_t dirty_bytes = 32 << 20;         // per shard
  std::size_t dirty_bytes_of_one = 16 << 20;  // per partition
  std::size_t journal_bytes = 64 << 20;       // per shard
  std::size_t index_bytes = 16 << 20;         // per shard, of closed segments
  std::size_t open_files = 1024;              // per shard
  std::optional<std::uint64_t>
      free_bytes_min;  // store.free_bytes_min; absent: from the disk's size
  bool flush = true;
};

// What the last look at the device found.
struct space_report {
  log::space_level level = log::space_level::roomy;
  log::device_space device;
  std::uint64_t least = 0;  // free bytes below which producers are refused
};

enum class command_error : std::uint8_t {
  topic_exists,
  unknown_topic,
  fewer_partitions,
  unknown_broker,
  malformed_replicas,
  no_reassignment,
  unsupported_feature,
  refused,  // for a reason that no client caused, or could do something about
  storage,
  stopping
};

class cluster : public seastar::peering_sharded_service<cluster> {
 public:
  explicit cluster(cluster_settings settings);

  // On shard 0, once all shards are constructed: opens group 0, replays it, opens every partition.
  seastar::future<> open();
  seastar::future<> stop();

  [[nodiscard]] const catalog::state& catalog() const { return state_; }
  [[nodiscard]] const cluster_settings& settings() const { return settings_; }
  [[nodiscard]] topic_options options_of(const catalog::topic& t) const;
  [[nodiscard]] cluster_options options() const;
  [[nodiscard]] option_layers layers(const option_layer* topic = nullptr) const;

  // From any shard.
  seastar::future<std::expected<void, command_error>> execute(catalog::command c);
  // A producer id that nobody ever got before.
  seastar::future<std::expected<std::int64_t, command_error>> new_producer_id();
  [[nodiscard]] uuid new_uuid();

  // Which shard of this broker holds the partition.
  [[nodiscard]] static unsigned shard_of(const partition_key& key);
  // On that shard: the partition's replica; null while it is not open (offline() tells whether it
  // failed to).
  [[nodiscard]] replica* find(const partition_key& key);
  [[nodiscard]] bool offline(const partition_key& key) const { return offline_.contains(key); }
  // Those of this shard that could not be opened, and why.
  [[nodiscard]] const absl::flat_hash_map<partition_key, std::string>& offline() const {
    return offline_;
  }
  [[nodiscard]] const absl::flat_hash_map<partition_key, std::unique_ptr<replica>>& replicas()
      const {
    return replicas_;
  }
  [[nodiscard]] const store::chunk_cache& cache() const { return cache_; }
  [[nodiscard]] const store::journal_figures& journal() const { return journal_.figures(); }
  [[nodiscard]] std::size_t dirty_bytes() const { return store_.dirty; }
  [[nodiscard]] const store::open_files& open_files() const { return store_.open; }
  [[nodiscard]] const space_report& space() const { return space_; }
  [[nodiscard]] std::size_t logs_without_space() const { return store_.space.waiting(); }
  [[nodiscard]] std::size_t removals_waiting() const { return remover_.waiting(); }
  [[nodiscard]] bool ready() const { return ready_; }
  // Grows with every change of the state: what was worked out from it is good as long as this
  // stays.
  [[nodiscard]] std::uint64_t version() const { return version_; }
  [[nodiscard]] news_waits& waits() { return waits_; }
  // Of this shard.
  [[nodiscard]] const compaction_failures& failing_compactions() const {
    return compaction_failures_;
  }
  // Shard 0: held by who reads configs, works a change out and stores it.
  [[nodiscard]] seastar::semaphore& config_changes() { return config_changes_; }

 private:
  struct pending {
    log_index index;
    weir::term term;
    std::string encoded;
    seastar::promise<std::expected<void, command_error>> done;
  };

  seastar::future<std::expected<void, command_error>> execute_here(std::string encoded);
  seastar::future<> apply_loop();
  // On each shard: changes the state and makes the partitions of this shard follow.
  seastar::future<std::expected<void, command_error>> apply(std::string encoded);
  seastar::future<> follow(const catalog::command& c, std::optional<uuid> topic);
  seastar::future<> open_partitions(uuid topic_id, std::size_t from);
  seastar::future<> open_one(const catalog::topic& t, std::int32_t partition);
  seastar::future<> close_topic(uuid topic_id);
  seastar::future<> linger(std::unique_ptr<replica> stopped);
  seastar::future<> open_everything();
  seastar::future<> remove_leftovers();
  seastar::future<> keep_retention();
  seastar::future<> keep_compacted();
  seastar::future<std::optional<partition_key>> dirtiest(
      std::function<bool(const partition_key&)> but);
  seastar::future<bool> compact_one(partition_key key);
  [[nodiscard]] std::uint64_t compaction_io_rate() const;
  seastar::future<> enforce_retention();
  seastar::future<> keep_space();
  seastar::future<> look_at_space();
  void heed(space_report seen, std::uint64_t headroom, bool data_may_try);
  seastar::future<> keep_reserve();
  seastar::future<> start_on_reserve();
  void tell_space(log::space_level before) const;
  void want_look();
  [[nodiscard]] replica_options replica_options_of(const catalog::topic& t);
  [[nodiscard]] std::string directory_of(const catalog::topic& t) const;
  void update_options(std::optional<uuid> topic);

  cluster_settings settings_;
  catalog::state state_;
  std::unique_ptr<store::file_system> files_;
  store::chunk_cache cache_;
  store::file_remover remover_;
  store::shared_store store_;
  store::journal journal_;
  absl::flat_hash_map<partition_key, std::unique_ptr<replica>> replicas_;
  absl::flat_hash_map<partition_key, std::string> offline_;
  bool ready_ = false;
  space_report space_;
  bool retention_hurried_ = false;  // since there is little room
  seastar::condition_variable retention_wanted_;
  std::uint64_t version_ = 1;
  news_waits waits_;
  compaction_failures compaction_failures_;
  store::io_pace compaction_pace_{[this] { return compaction_io_rate(); }};

  // Shard 0.
  std::unique_ptr<replica> group0_;
  std::deque<std::unique_ptr<pending>> pending_;
  seastar::condition_variable proposed_;
  seastar::semaphore config_changes_{1};
  seastar::semaphore ids_lock_{1};
  seastar::semaphore leftovers_lock_{1};
  seastar::condition_variable look_wanted_;
  bool reserve_there_ = false;
  unsigned looks_ = 0;
  std::int64_t next_id_ = 0;
  std::int64_t ids_end_ = 0;
  fibers fibers_{"cluster"};
};

}  // namespace weir
