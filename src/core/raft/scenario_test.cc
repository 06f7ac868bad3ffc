// Runs the transcripts in testdata/: a command, "----", what it did, an empty line. WEIR_REWRITE=1
// writes what happens now in place of what is expected: review the difference as text.
//
// Commands (N: a node, L: a list such as 1,2,3; PATTERN: "1->2", "1->*", "*->2", "*", or any of
// them followed by ":" and a part of the message's text):
//   cluster L            nodes with these voters        join N        a node that knows nothing yet
//   pass MS [L]          time passes, for all or these alone     settle  deliver, flush till quiet
//   elect N              time, messages, flushes until N leads; says only that it does
//   deliver [PATTERN]    held messages, oldest first, those there are now
//   drop [PATTERN]       lose them                      cut A B / heal [A B]   from A to B, one way
//   flush L              reports durable                crash N / start N
//   propose N COUNT      change N L [learning L]        transfer N TO  read N ID
//   shipped N TO yes|no  trim N INDEX         state                          quietly COMMAND shows
//   no messages option NAME MS|COUNT (before cluster)
//   silent N MS          N, which sleeps, wakes: its leader's node was last heard of MS ago
//   gone N SALT          N is told that its leader's node is gone
//   first N              N should lead the group, which is new
//   relies N L           whether N, which sleeps, may go on while these nodes are heard of
//   ask N                N, which sleeps, asks after its leader
//   compact N INDEX...   these go from its log          forget N INDEX...     also, and they
//   deleted
#include "core/raft/scenario_test.h"

#include <catch2/catch_all.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace weir::raft::test {
namespace {

node_id id_of(const std::string& text) {
  return node_id(std::stoi(text));
}

std::vector<node_id> ids_of(const std::string& text) {
  std::vector<node_id> out;
  std::stringstream in(text);
  for (std::string one; std::getline(in, one, ',');) out.push_back(id_of(one));
  return out;
}

}  // namespace

bool scenario::matches(const message& m, const std::string& pattern) {
  const auto colon = pattern.find(':');
  const auto ends = pattern.substr(0, colon);
  if (colon != std::string::npos && !describe(m).contains(pattern.substr(colon + 1))) return false;
  const auto arrow = ends.find("->");
  if (arrow == std::string::npos) return true;
  const auto from = ends.substr(0, arrow);
  const auto to = ends.substr(arrow + 2);
  return (from == "*" || id_of(from) == m.from) && (to == "*" || id_of(to) == m.to);
}

std::size_t scenario::matching(const words& w, bool deliver) {
  std::string pattern = "*";
  for (std::size_t i = 1; i < w.size(); ++i) pattern = i == 1 ? w[1] : pattern + " " + w[i];
  std::size_t done = 0;
  std::size_t at = 0;
  for (auto left = net_.size(); left > 0; --left) {
    if (!matches(net_[at], pattern)) {
      ++at;
    } else if (deliver) {
      deliver_one(at);
      ++done;
    } else {
      say("  lost: " + describe(net_[at]));
      net_.erase(net_.begin() + static_cast<long>(at));
      ++done;
    }
  }
  return done;
}

std::string scenario::run(const std::string& line) {
  said_.clear();
  std::stringstream in(line);
  words w;
  for (std::string word; in >> word;) w.push_back(word);
  quiet_ = w.at(0) == "quietly";
  if (quiet_) w.erase(w.begin());
  act(w);
  return said_.empty() ? "  nothing\n" : said_;
}

void scenario::act(const words& w) {
  const auto& verb = w.at(0);
  if (verb == "option") {
    const auto value = static_cast<std::uint32_t>(std::stoul(w.at(2)));
    if (w[1] == "append_entries_max") options_.append_entries_max = value;
    if (w[1] == "inflight_messages_max") options_.inflight_messages_max = value;
    if (w[1] == "rest") options_.rest = value != 0;
  } else if (verb == "cluster") {
    for (const auto id : ids_of(w.at(1))) {
      nodes_[id].initial = {.voters = ids_of(w[1])};
      start(id);
    }
  } else if (verb == "join" || verb == "start") {
    start(id_of(w.at(1)));
  } else if (verb == "crash") {
    crash(id_of(w.at(1)));
  } else if (verb == "flush") {
    for (const auto id : ids_of(w.at(1))) flush(id);
  } else if (verb == "pass") {
    std::vector<node_id> all;
    for (const auto& n : nodes_) all.push_back(n.first);
    advance(milliseconds(std::stoi(w.at(1))), w.size() > 2 ? ids_of(w[2]) : all);
  } else if (verb == "settle") {
    settle();
  } else if (verb == "elect") {
    elect(id_of(w.at(1)));
  } else if (verb == "deliver" || verb == "drop") {
    if (matching(w, verb == "deliver") == 0) say("  no such message");
  } else if (verb == "cut") {
    cut_.emplace_back(id_of(w.at(1)), id_of(w.at(2)));
  } else if (verb == "heal") {
    if (w.size() == 1) cut_.clear();
    if (w.size() > 2) std::erase(cut_, std::pair(id_of(w[1]), id_of(w[2])));
  } else if (verb == "state") {
    state();
  } else {
    act_on_core(w, id_of(w.at(1)));
  }
}

void scenario::elect(node_id id) {
  // The others no longer hear a leader, but don't stand yet.
  std::vector<node_id> others;
  for (const auto& [other, n] : nodes_) {
    if (other != id && n.core && n.core->current_role() != role::leader) others.push_back(other);
  }
  advance(options_.election_min, others);
  advance(options_.election_max + milliseconds(1), {id});
  settle();
  const auto& core = *nodes_.at(id).core;
  said_ =
      fmt::format("  {} is {} in term {}\n", id, name(core.current_role()), core.current_term());
}

void scenario::act_on_core(const words& w, node_id id) {
  const auto& verb = w.at(0);
  if (verb == "silent") {
    auto& n = nodes_.at(id);
    n.core->wake(n.now, n.now - milliseconds(std::stoi(w.at(2))));
    return;
  }
  if (verb == "relies") {
    const auto heard = ids_of(w.at(2));
    const bool may = nodes_.at(id).core->may_sleep(
        [&](node_id node) { return std::ranges::contains(heard, node); });
    return say(may ? "  may sleep" : "  may not sleep");
  }
  if (verb == "ask") return perform(id, nodes_.at(id).core->ask_leader(nodes_.at(id).now));
  auto& core = awake(id);
  const auto tell = [&](const std::expected<effects, refusal>& out) {
    if (out) {
      perform(id, *out);
    } else {
      say(fmt::format("  refused: {}", name(out.error())));
    }
  };
  if (verb == "gone") {
    core.leader_gone(nodes_.at(id).now, std::stoull(w.at(2)));
  } else if (verb == "first") {
    core.stand_first(nodes_.at(id).now);
  } else if (verb == "propose") {
    const std::vector<entry_head> heads(std::stoul(w.at(2)), entry_head{.size = 100});
    if (core.accepts_proposals()) {
      perform(id, core.propose(heads));
    } else {
      say("  takes no proposals");
    }
  } else if (verb == "change") {
    configuration target{.voters = ids_of(w.at(2))};
    if (w.size() > 4) target.learners = ids_of(w[4]);
    tell(core.change(target));
  } else if (verb == "transfer") {
    tell(core.transfer(id_of(w.at(2))));
  } else if (verb == "read") {
    tell(core.read(std::stoull(w.at(2))));
  } else if (verb == "shipped") {
    core.snapshot_shipped(id_of(w.at(2)), w.at(3) == "yes");
  } else if (verb == "trim") {
    auto& n = nodes_.at(id);
    const log_index through(std::stoull(w.at(2)));
    core.trimmed(through);
    std::erase_if(n.log, [&](const entry& e) { return e.head.index <= through; });
    if (n.snapshot.members.voters.empty()) n.snapshot.members = n.initial;
    n.snapshot.last = core.log().base();
    ++n.writes;
  } else if (verb == "compact" || verb == "forget") {
    compact(id, w);
  } else {
    FAIL("no command " << verb);
  }
}

// As a shell does it: the files change at once, durably.
void scenario::compact(node_id id, const words& w) {
  auto& n = nodes_.at(id);
  for (std::size_t i = 2; i < w.size(); ++i) {
    const log_index gone(std::stoull(w[i]));
    const auto is = [&](const entry& e) { return e.head.index == gone; };
    std::erase_if(n.log, is);
    std::erase_if(n.stored_log, is);
    if (w[0] == "compact") continue;
    n.forgotten = n.stored_forgotten = std::max(n.forgotten, gone);
    n.core->forgot(gone);
  }
}

namespace {

std::string play(std::istream& in) {
  scenario world;
  std::string out;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line.starts_with('#')) {
      out += line + "\n";
      continue;
    }
    if (line == "----") {  // the old answer, up to an empty line
      while (std::getline(in, line) && !line.empty()) {
      }
      out += "\n";
      continue;
    }
    out += line + "\n----\n" + world.run(line);
  }
  return out;
}

TEST_CASE("transcripts") {
  const auto* source = std::getenv("WEIR_SOURCE");
  REQUIRE(source != nullptr);
  const bool rewrite = std::getenv("WEIR_REWRITE") != nullptr;
  std::size_t played = 0;
  for (const auto& file :
       std::filesystem::directory_iterator(std::string(source) + "/src/core/raft/testdata")) {
    std::stringstream text;
    text << std::ifstream(file.path()).rdbuf();
    const auto expected = text.str();
    const auto now = play(text);
    INFO(file.path());
    if (rewrite && now != expected) {
      std::ofstream(file.path()) << now;
    } else {
      CHECK(now == expected);
    }
    ++played;
  }
  CHECK(played >= 10);
}

}  // namespace
}  // namespace weir::raft::test
