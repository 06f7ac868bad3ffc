#pragma once
// One simulated broker's copy of the partition: performs what core/raft decides on a simulated disk
// and network, as engine/replica does on real ones, and answers clients.
#include <deque>
#include <functional>
#include <optional>
#include <set>

#include "sim/oracle.h"
#include "sim/plan.h"
#include "sim/state.h"

namespace weir::sim {

// A message with what travels beside it.
struct packet {
  raft::message m;
  std::vector<entry> entries;
  snapshot_ptr state;
};
using packet_ptr = std::shared_ptr<const packet>;

// What nodes have in common.
struct surroundings {
  const plan& rules;
  event_queue events;
  random chance;
  oracle truth;
  std::uint64_t hash = 0;  // of all that happened
  std::uint64_t messages = 0;
  std::uint64_t flushes = 0;
  std::function<void(packet_ptr)> send;
  std::function<void(node_id)> voted;  // what it promised has just left
  oracle::on_disk stored;
  std::function<void(const std::string&)> tell;  // empty: nobody wants to know
};

enum class outcome : std::uint8_t {
  done,
  refused,  // certainly not done
  unknown,
};
struct answer {
  outcome what = outcome::refused;
  std::uint64_t value = 0;  // the register's, or the first offset
};
using answer_to = std::function<void(answer)>;

class node {
 public:
  // `initial`: of a new group; without voters: it joins one.
  node(node_id id, surroundings& around, raft::configuration initial);

  // False: the disk is damaged.
  bool start();
  void crash();
  bool rot() { return disk_.rot(); }
  void receive(const packet_ptr& p);
  // Word of a node that is up, for all of its groups: what keeps an idle one asleep.
  void hear_node(node_id other, std::uint64_t life);
  // The node that leads is gone, as it seems.
  void leader_gone(node_id leader);
  void stand_first();
  void snapshot_shipped(node_id to, bool arrived);
  void trim();
  // Some of what is committed, closed and durable goes: as core/log and engine/store do it.
  void compact();

  // Clients. The answer comes once, or never if the node crashes.
  void produce(const batch_claim& claim, answer_to reply);
  void write(const register_write& write, answer_to reply);
  void read(std::uint32_t key, answer_to reply);
  // Committed entries that hold `from` and what follows it, as a consumer gets them.
  [[nodiscard]] std::vector<entry> fetch(offset from, std::size_t max) const;
  [[nodiscard]] offset log_start() const;

  bool change(const raft::configuration& target);
  bool transfer(node_id to);

  void tell_state() const;
  void set_slow(bool slow) { slow_ = slow; }
  void set_clock(std::int64_t percent);  // of the true speed

  [[nodiscard]] node_id id() const { return id_; }
  [[nodiscard]] bool up() const { return core_.has_value(); }
  [[nodiscard]] bool asleep() const { return up() && core_->asleep(); }
  [[nodiscard]] std::uint64_t life() const { return life_; }
  [[nodiscard]] const raft::consensus& core() const { return *core_; }
  [[nodiscard]] bool leads() const { return up() && core_->current_role() == raft::role::leader; }
  [[nodiscard]] bool serves() const { return leads() && core_->serving(); }
  // In effect on it, down or not.
  [[nodiscard]] const raft::configuration& members() const { return members_.members; }
  [[nodiscard]] bool stored(raft::entry_id entry) const;
  [[nodiscard]] const applied_state& state() const { return applied_; }

 private:
  struct waiting {
    weir::term term;
    answer_to reply;
    std::uint64_t value;
    std::optional<batch_claim> batch;
  };
  struct unheard {
    weir::term term;
    raft::configuration members;
    std::uint64_t after;  // writes that must be on disk
  };
  struct held_back {
    std::uint64_t after;
    packet_ptr p;
  };

  void tick();
  void wake();
  [[nodiscard]] std::vector<node_id> watched() const;  // while asleep
  [[nodiscard]] bool hears(node_id other) const;
  void perform(const raft::effects& out);
  void perform_log(const raft::effects& out);
  void append(const raft::effects& out);
  void forget_after(log_index last);
  void perform_news(const raft::effects& out);
  void apply_through(log_index commit);
  void come_to_be_heard();
  void perform_network(const raft::effects& out);
  void ship(const raft::ship_request& request);
  void send_read(const raft::ship_request& request, std::vector<entry> read);
  void flush();
  void flushed();
  packet_ptr pack(const raft::message& m) const;
  void emit(const packet_ptr& p);
  void rebuild_producers();
  void propose(entry wanted, waiting w);
  void check_members() const;
  [[nodiscard]] raft::milliseconds local_now() const;
  [[nodiscard]] const entry* find(log_index index) const;  // null: compaction took it
  [[nodiscard]] const entry& at(log_index index) const;
  [[nodiscard]] log_index last() const {
    return log_.empty() ? base_.index : log_.back().head.index;
  }
  [[nodiscard]] std::set<log_index> superseded(log_index through, log_index& forgotten);
  [[nodiscard]] snapshot_ptr without_deleted(log_index through) const;
  [[nodiscard]] offset next_offset() const;
  void say(const std::string& what) const;

  node_id id_;
  surroundings* around_;
  disk disk_;
  raft::configuration initial_;
  std::optional<raft::consensus> core_;
  std::uint64_t life_ = 0;  // events of an earlier one are void
  struct heard_node {
    raft::milliseconds at;
    std::uint64_t life;
  };
  std::map<node_id, heard_node> heard_;

  snapshot_ptr snapshot_;  // the state at the base
  raft::entry_id base_;
  std::deque<entry> log_;
  raft::placed_configuration members_;  // as the core told
  raft::configuration applied_members_;
  applied_state applied_;
  log::producer_sequences producers_;  // of the whole log, committed or not
  const packet* incoming_ = nullptr;   // during a step
  std::optional<entry> proposed_;      // during a propose
  std::vector<entry> shipped_;         // during a ship

  std::uint64_t writes_ = 0;
  std::uint64_t flushed_writes_ = 0;
  bool flushing_ = false;
  std::uint64_t flush_writes_ = 0;
  log_index flush_index_;
  log_index durable_;
  std::deque<held_back> held_;
  std::optional<unheard> unheard_;  // leads, and nobody may know yet

  std::multimap<log_index, waiting> waiting_;
  std::map<std::uint64_t, std::pair<std::uint32_t, answer_to>> reads_;
  std::uint64_t next_read_ = 0;

  bool slow_ = false;
  std::int64_t clock_percent_ = 100;
  moment clock_set_at_ = 0;
  moment clock_then_ = 0;
};

}  // namespace weir::sim
