#pragma once
// The cluster as one broker sees it: the catalog with its log (group 0), and the partitions that
// live here, each on one shard. One instance per shard; every shard has the whole catalog state and
// knows who leads what, shard 0 has this broker's replica of group 0.
//
// A command goes to whoever leads group 0, is committed like any record, and applied by all brokers
// on all shards in the same order; execute() resolves when every shard of this broker has applied
// it and the partitions that it made here can be used. docs/decisions/0013-formation.md says how
// brokers find each other, and what the leader of group 0 does for all.
#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <seastar/core/queue.hh>
#include <seastar/core/scheduling.hh>
#include <seastar/core/sharded.hh>

#include <expected>
#include <memory>
#include <set>
#include <string>

#include "core/base/partition_key.h"
#include "core/catalog/health.h"
#include "core/catalog/kept_state.h"
#include "core/catalog/leader_table.h"
#include "core/catalog/state.h"
#include "engine/cluster/compaction.h"
#include "engine/cluster/formation.h"
#include "engine/cluster/news.h"
#include "engine/cluster/topic_news.h"
#include "engine/replica/replica.h"

namespace weir {

struct cluster_settings {
  node_id self{-1};              // -1: the cluster gives one
  std::string data_dir;          // absolute
  host_port advertised;          // what clients are told
  host_port peer_address;        // what other brokers are told
  std::vector<host_port> seeds;  // empty: a cluster by itself
  std::string rack;
  raft::raft_options raft;
  std::uint64_t catch_up_rate = 0;            // bytes a second of the broker
  std::uint64_t state_log_bytes = 16 << 20;   // of group 0's log, before its front is cut off
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
  no_leader,  // of group 0, for longer than anybody waits: nothing was done
  timed_out,  // it may be carried out or not
  stopping,
  // Brokers tell each other the numbers: new ones go to the end.
  stale,  // what it was worked out from has changed: nothing was done
};

class cluster : public seastar::peering_sharded_service<cluster> {
 public:
  cluster(cluster_settings settings, seastar::sharded<peer::peer_links>& links);
  ~cluster();

  // On shard 0, once all shards are constructed: finds the cluster or forms it, comes to know its
  // state, registers, opens every partition that is placed here. Takes until enough other brokers
  // are up; interrupt() makes it fail.
  seastar::future<> open();
  void interrupt();
  // On each shard, before a stop: others lead what this broker led, as far as they keep up. Bounded
  // in time.
  seastar::future<> give_leadership();
  seastar::future<> stop();

  [[nodiscard]] const catalog::state& catalog() const { return state_; }
  [[nodiscard]] const cluster_settings& settings() const { return settings_; }
  [[nodiscard]] topic_options options_of(const catalog::topic& t) const;
  [[nodiscard]] cluster_options options() const;
  // Of a group of consumers, whether anything is set for it or not.
  [[nodiscard]] group_options options_of_group(std::string_view group) const;
  [[nodiscard]] option_layers layers(const option_layer* topic = nullptr) const;
  // With those of a group, or of a subscription of client metrics, that is named.
  [[nodiscard]] option_layers layers_of_group(std::string_view group) const;
  [[nodiscard]] option_layers layers_of_client_metrics(std::string_view subscription) const;

  // From any shard.
  seastar::future<std::expected<void, command_error>> execute(catalog::command c);
  // Who leads a partition, as far as is known on this broker; no_node: nobody is known to, or it
  // has fallen silent and another one may be elected by now.
  struct known_leader {
    node_id node = catalog::no_node;
    std::int32_t epoch = -1;
  };
  [[nodiscard]] known_leader leader_of(const partition_key& key) const;
  // A majority of its replicas is heard, so that one of them leads or can be elected.
  [[nodiscard]] bool electable(const partition_key& key) const;
  [[nodiscard]] const catalog::leader_table& leaders() const { return leaders_; }
  // Who leads group 0; Kafka's controller.
  [[nodiscard]] node_id controller() const { return controller_; }
  // Heard of lately; this one always is.
  [[nodiscard]] bool alive(node_id node) const;
  // The same, and its connections stand: work may be sent there.
  [[nodiscard]] bool audible(node_id node) const;
  // When this shard last heard that a broker fell silent, or was started again: what that one led
  // is being given other leaders. The clock's zero: none ever did.
  [[nodiscard]] seastar::lowres_clock::time_point last_silence() const { return last_silence_; }
  [[nodiscard]] catalog::broker_facts facts() const;
  // Runs what walks over the catalog's state, in turns with what else this shard has to do; no
  // command changes the state before it ends.
  seastar::future<> walk(std::function<void(const catalog::breath&)> over);
  // Asks the partition's leader (the zero key: group 0's) to let this replica lead. False: it does
  // not now.
  seastar::future<bool> hand_over(partition_key key, node_id to);
  // How far the replicas of group 0 are, as its leader told now. Leader -1: nobody could be asked.
  seastar::future<peer::quorum_answer> quorum();
  // On shard 0: this broker's replica of group 0.
  [[nodiscard]] const replica* group0() const { return group0_.get(); }
  // A producer id that nobody ever got before.
  seastar::future<std::expected<std::int64_t, command_error>> new_producer_id();
  [[nodiscard]] uuid new_uuid();

  // Which shard of this broker holds the partition, if any does.
  [[nodiscard]] unsigned shard_of(const partition_key& key) const;
  // The same of a broker with so many shards.
  [[nodiscard]] unsigned shard_of(const partition_key& key, node_id node, unsigned shards) const;
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
  // Told when a partition was opened on this shard.
  [[nodiscard]] event_source& opened() { return opened_; }
  [[nodiscard]] topic_news& topics() { return topics_; }
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
  // Shard 0: held by who reads configs, works a change out and stores it, so that changes of this
  // broker don't make each other stale.
  [[nodiscard]] seastar::semaphore& config_changes() { return config_changes_; }

 private:
  using outcome = std::expected<void, command_error>;
  struct pending {
    weir::term term;
    seastar::promise<std::optional<outcome>> done;  // nothing: another entry is in its place
  };
  // Of a try to put a command into the catalog.
  struct proposed {
    std::int8_t outcome;  // calls::done and so on
    log_index index;      // of the entry
  };
  class raft_door;
  class state_keeper;

  // open.cc
  seastar::future<> find_cluster();
  seastar::future<> open_group0();
  seastar::future<> replay_alone();
  seastar::future<> catch_up();
  seastar::future<> start_links();
  void serve_calls();
  seastar::future<fragments> take_proposal(fragments payload);

  // commands.cc
  seastar::future<outcome> execute_here(std::string encoded);
  seastar::future<proposed> propose_anywhere(std::string encoded);
  seastar::future<proposed> propose_here(std::string encoded);
  seastar::future<bool> applied(log_index index, seastar::lowres_clock::time_point deadline);
  seastar::future<> apply_loop();
  seastar::future<> apply_entry(const store::kept_entry& entry);
  // On each shard: changes the state and makes the partitions of this shard follow.
  seastar::future<outcome> apply(std::string encoded);
  seastar::future<> follow(const catalog::command& c, std::optional<uuid> topic);

  // kept_state.cc
  struct kept_bytes {
    catalog::kept_place at;
    fragments pieces;
  };
  [[nodiscard]] static catalog::state decode_kept(const fragments& pieces);
  seastar::future<std::optional<kept_bytes>> read_kept_state();
  seastar::future<> load_kept_state();
  seastar::future<> write_kept_state(std::string file);
  seastar::future<> keep_state_if_due();
  seastar::future<> keep_state();
  seastar::future<> take_arrived_state();
  seastar::future<> replace_state(kept_bytes by);
  // On each shard.
  seastar::future<> take_state(std::string pieces);
  seastar::future<> close_surplus();
  seastar::future<> open_missing();

  // brokers.cc
  [[nodiscard]] stored::broker_registered registration() const;
  [[nodiscard]] bool registered() const;
  seastar::future<> be_registered();
  seastar::future<> keep_registered();
  seastar::future<> know_brokers();
  seastar::future<fragments> let_in(fragments payload);
  seastar::future<> tell_of_itself();

  // sleepers.cc
  struct beats_news {
    std::set<node_id> gone;
    std::set<node_id> anew;  // started again
  };
  void fell_silent(node_id node);
  void began_anew(node_id node);
  seastar::future<> keep_sleepers();
  void look_at(replica& r, const beats_news& news, bool asks);

  // Also group 0's.
  [[nodiscard]] replica* replica_of(const partition_key& key);

  // leaders.cc
  void watch(const partition_key& key, replica& r);
  seastar::future<> tell_leaders();
  seastar::future<> tell_changed_leaders(bool all = false);
  void forget_dead_leaders();
  [[nodiscard]] std::optional<catalog::leader_report> report_of(const partition_key& key) const;
  seastar::future<> spread(std::vector<catalog::leader_report> reports, bool to_peers);
  void take_reports(const std::vector<catalog::leader_report>& reports);
  seastar::future<bool> hand_over_here(partition_key key, node_id to);
  seastar::future<fragments> take_leader_news(fragments payload);
  seastar::future<fragments> take_hand_over(fragments payload);

  // quorum.cc
  seastar::future<peer::quorum_answer> ask_quorum();
  [[nodiscard]] peer::quorum_answer quorum_here() const;

  // reconcile.cc
  seastar::future<> keep_placed();
  seastar::future<bool> reconcile(partition_key key);
  seastar::future<> follow_placement(partition_key key);
  seastar::future<> let_go(partition_key key);
  seastar::future<> take_over(std::vector<partition_key> keys);
  seastar::future<> close_one(partition_key key);

  // lead_cluster.cc
  seastar::future<> lead_cluster();
  void shape_group0(bool informed);
  seastar::future<> retire_replaced();
  seastar::future<bool> balance();
  [[nodiscard]] bool planned_for(const catalog::broker_facts& now);
  seastar::future<> even_out_shards();

  seastar::future<> open_partitions(uuid topic_id, std::size_t from);
  seastar::future<> open_one(const catalog::topic& t, std::int32_t partition);
  [[nodiscard]] raft::configuration first_members(const catalog::placement& at) const;
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
  [[nodiscard]] peer::peer_links& links() const { return all_links_.local(); }

  cluster_settings settings_;
  seastar::sharded<peer::peer_links>& all_links_;
  membership membership_;
  uuid incarnation_;  // of this process
  std::chrono::milliseconds started_ = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now().time_since_epoch());
  std::unique_ptr<raft_door> door_;
  replica_ticker ticker_;
  catch_up_budget catch_up_;
  catalog::state state_;
  seastar::semaphore applying_{1};     // on shard 0: held while commands take effect on all shards
  seastar::semaphore state_still_{1};  // held by who walks over it, or changes it
  std::unique_ptr<catalog::state> replaced_state_;  // who looks something up may still hold it
  catalog::leader_table leaders_;
  node_id controller_ = catalog::no_node;
  // What peers said of themselves.
  std::map<node_id, calls::disk_news> disks_;
  // Partitions whose leadership changed and was not told yet.
  absl::flat_hash_set<partition_key> changed_leaders_;
  seastar::condition_variable leaders_changed_;
  struct watcher {
    std::function<void()> call;
    event_listener listener{&call};
  };
  absl::flat_hash_map<partition_key, std::unique_ptr<watcher>> watchers_;
  seastar::lowres_clock::time_point last_silence_{};
  std::set<node_id> gone_;  // peers, since the last look at the groups
  std::set<node_id> anew_;
  seastar::condition_variable sleepers_wanted_;
  bool follows_ = false;  // partitions are open: commands open and close them
  std::unique_ptr<store::file_system> files_;
  store::chunk_cache cache_;
  store::file_remover remover_;
  store::shared_store store_;
  store::journal journal_;
  absl::flat_hash_map<partition_key, std::unique_ptr<replica>> replicas_;
  absl::flat_hash_map<partition_key, std::string> offline_;
  event_source opened_;
  topic_news topics_;
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
  std::unique_ptr<formation> formation_;
  bool interrupted_ = false;
  std::map<log_index, pending> pending_;
  progress<log_index> applied_;
  // What the last plans, which had nothing to do, were made for.
  struct planned {
    std::uint64_t version = 0;
    std::map<node_id, bool> alive;
    std::chrono::steady_clock::time_point until;
  };
  planned planned_;
  offset next_command_{0};  // behind what was applied
  std::unique_ptr<state_keeper> keeper_;
  catalog::kept_place kept_at_;        // what is on disk
  std::uint64_t kept_size_ = 0;        // of it
  std::optional<kept_bytes> arrived_;  // from another broker: to be taken
  seastar::semaphore kept_lock_{1};
  std::chrono::steady_clock::time_point keep_again_{};
  std::map<node_id, std::size_t> stuck_;  // partitions that brokers can't get rid of; told once
  seastar::condition_variable committed_;
  std::function<void()> wake_apply_;
  std::unique_ptr<event_listener> group0_news_;
  std::unique_ptr<event_listener> group0_group_news_;
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
