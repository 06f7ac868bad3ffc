#pragma once
// A small cluster that a transcript drives by hand: every message is held until it is delivered or
// dropped, every flush until it is asked for. What the shell has to do is done here as plainly as
// it can be.
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/raft/consensus.h"
#include "core/raft/describe.h"

namespace weir::raft::test {

class scenario {
 public:
  // One command; what happened, line by line.
  std::string run(const std::string& line);

 private:
  struct entry {
    entry_head head;
    configuration members;
  };
  struct held_back {
    std::uint64_t after;  // writes that must be on disk
    message m;
  };
  struct node {
    std::optional<consensus> core;  // nothing: crashed
    milliseconds now{};             // each has a clock of its own
    // In memory, and what of it a crash leaves.
    configuration initial;
    install_snapshot snapshot;
    std::vector<entry> log;
    vote last_vote;
    install_snapshot stored_snapshot;
    std::vector<entry> stored_log;
    vote stored_vote;
    log_index forgotten;
    log_index stored_forgotten;
    entry_id held_vote;  // durable at once
    std::uint64_t writes = 0;
    std::uint64_t stored_writes = 0;
    std::vector<held_back> held;
  };
  using words = std::vector<std::string>;

  void start(node_id id);
  void perform(node_id id, const effects& out);
  void write(node_id id, const effects& out);
  void post(const message& m);
  void ship(node_id id, const ship_request& request);
  void flush(node_id id);
  void crash(node_id id);
  void deliver_one(std::size_t at);
  std::size_t matching(const words& w, bool deliver);
  void settle();
  consensus& awake(node_id id);
  void advance(milliseconds by, const std::vector<node_id>& to);
  void act(const words& w);
  void act_on_core(const words& w, node_id id);
  void elect(node_id id);
  void compact(node_id id, const words& w);
  void say(const std::string& line) { said_ += line + "\n"; }
  [[nodiscard]] static bool matches(const message& m, const std::string& pattern);
  void state();

  std::map<node_id, node> nodes_;
  std::deque<message> net_;
  std::vector<std::pair<node_id, node_id>> cut_;
  raft_options options_;
  std::string said_;
  bool quiet_ = false;
};

}  // namespace weir::raft::test
