#pragma once
// A cluster, its network, its clients and what goes wrong with them, in one run of virtual time:
//
//   chaos     nodes crash, links break, disks stall, rot and die, leaders and members change
//   healing   all is well again, clients go home, everybody agrees
//   resting   where idle groups may sleep: this one does, and costs neither message nor flush
//   flapping  all is well but for one follower whose link comes and goes: the leader must stay
//   calm      a random majority is left in peace, the rest is down or cut off: the majority must
//             elect, commit something new, and have all of its members catch up within a bound
//
// Everything is drawn from the plan's seed; the same plan gives the same run, event by event.
#include <memory>
#include <set>

#include "sim/clients.h"
#include "sim/node.h"

namespace weir::sim {

class world {
 public:
  // `tell` gets a line for everything that happens, if it is set.
  world(const plan& rules, std::function<void(const std::string&)> tell);

  // Throws a violation.
  void run();

  [[nodiscard]] std::uint64_t hash() const { return around_.hash; }
  [[nodiscard]] std::uint64_t events() const { return around_.events.count(); }
  [[nodiscard]] moment now() const { return around_.events.now(); }
  // What each phase did so far, a line each.
  [[nodiscard]] const std::vector<std::string>& phases() const { return phases_; }
  [[nodiscard]] const std::string& phase() const { return phase_; }

 private:
  using link = std::pair<node_id, node_id>;  // from, to

  // network.cc
  void send(const packet_ptr& p);
  void post(const packet_ptr& p);
  void shipped(const packet_ptr& p, bool arrived);
  void tell_lives();
  void cut(node_id node, bool in, bool out);

  // trouble.cc
  void start_trouble();
  void every(moment mean, std::function<void()> what);
  void crash_some();
  void crash_voter(node_id id);
  void crash(node& n, moment down_max);
  void restart(node_id id);
  void cut_some();
  void heal_later();
  void slow_some();
  void transfer_some();
  void change_some();
  void trim_some();
  void compact_some();
  void lose_disk();
  void rot_some();
  void tell_gone(node_id gone);
  void alarm_some();
  void lose(node_id id);
  void add_spare();
  [[nodiscard]] bool may_lose(node_id id) const;

  // calm.cc
  void heal();
  void rest();
  void flap();
  void calm();
  void quiet_down();
  void choose_majority();
  [[nodiscard]] bool keeps_majorities(const std::set<node_id>& kept) const;
  void tell_states();
  void converge(const std::string& why);
  [[nodiscard]] std::string what_is_missing();
  void read_all();

  void advance(moment by);
  [[nodiscard]] std::vector<node*> up();
  [[nodiscard]] std::vector<node_id> everyone() const;  // up or down
  [[nodiscard]] node* leader();

  const plan& rules_;
  surroundings around_;
  std::map<node_id, std::unique_ptr<node>> nodes_;
  std::vector<std::unique_ptr<node>> graveyard_;  // events may still name them
  std::set<node_id> lost_;                        // their disks are gone; they never come back
  std::set<node_id> majority_;                    // calm: who is left in peace
  std::set<link> cut_;
  std::int32_t next_id_ = 1;
  bool troubled_ = false;
  bool quiet_ = false;
  bool clients_stopped_ = false;
  std::unique_ptr<clients> clients_;
  std::string phase_ = "start";
  std::vector<std::string> phases_;
  std::map<std::string, int> counts_;    // of trouble
  std::optional<std::uint64_t> marker_;  // calm: the write that must get through
  bool marker_done_ = false;
};

}  // namespace weir::sim
