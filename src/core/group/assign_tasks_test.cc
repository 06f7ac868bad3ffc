#include "core/group/assign_tasks.h"

#include <catch2/catch_all.hpp>

#include <map>
#include <random>
#include <set>
#include <string>

#include "core/group/streams_world_test.h"

namespace weir::group {
namespace {

// Members with their processes, and what each was meant to have; share() makes that the past.
struct sharing {
  task_assignment_input in;
  std::map<text, task_set> before;
  std::vector<std::string> processes;
  std::uint64_t work = 0;

  void add(const std::string& id, std::string process = "") {
    in.members.push_back({text(id), {}, nullptr});
    processes.push_back(process.empty() ? "p-" + id : std::move(process));
  }
  void remove(std::size_t at) {
    in.members.erase(in.members.begin() + static_cast<std::ptrdiff_t>(at));
    processes.erase(processes.begin() + static_cast<std::ptrdiff_t>(at));
  }
  std::vector<std::string> share() {
    for (std::size_t i = 0; i < in.members.size(); ++i) {
      auto& m = in.members[i];
      m.process_id = processes[i];
      const auto had = before.find(m.member_id);
      m.before = had == before.end() ? nullptr : &had->second;
    }
    const auto shares = assign_tasks(in, work);
    std::vector<std::string> out;
    before.clear();
    for (std::size_t i = 0; i < shares.size(); ++i) {
      before[in.members[i].member_id] = shares[i];
      out.push_back(tasks_text(shares[i]));
    }
    return out;
  }
};
using list = std::vector<std::string>;

}  // namespace

TEST_CASE("tasks are shared out evenly and stay where they are") {
  sharing s;
  s.in.subtopologies = {{text("0"), 4, false}};
  s.add("m1");
  CHECK(s.share() == list{"0:0,1,2,3"});
  s.add("m2");
  CHECK(s.share() == list{"0:0,1", "0:2,3"});
  s.add("m3");
  CHECK(s.share() == list{"0:0,1", "0:2", "0:3"});
  s.add("m4");
  CHECK(s.share() == list{"0:0", "0:2", "0:3", "0:1"});
  s.add("m5");
  CHECK(s.share() == list{"0:0", "0:2", "0:3", "0:1", ""});
  s.remove(0);
  CHECK(s.share() == list{"0:2", "0:3", "0:1", "0:0"});
  s.in.members.clear();
  s.processes.clear();
  CHECK(s.share().empty());
}

TEST_CASE("tasks of one number go side by side") {
  sharing s;
  s.in.subtopologies = {{text("0"), 4, false}, {text("1"), 2, true}, {text("2"), 6, true}};
  s.in.standby_replicas = 1;
  s.add("m1");
  CHECK(s.share() == list{"0:0,1,2,3 1:0,1 2:0,1,2,3,4,5"});
  s.add("m2");
  CHECK(s.share() == list{"0:0,1 1:0,1 2:0,1 / 2:2,3,4,5", "0:2,3 2:2,3,4,5 / 1:0,1 2:0,1"});
  s.add("m3");
  const auto three = s.share();
  CHECK(three[0].starts_with("0:0,1 1:0 2:0 / "));
  CHECK(three[1].starts_with("0:2,3 2:2,3 / "));
  CHECK(three[2].starts_with("1:1 2:1,4,5 / "));
}

TEST_CASE("standbys are in other processes, and near the state") {
  sharing s;
  s.in.subtopologies = {{text("0"), 4, true}};
  s.in.standby_replicas = 1;
  s.add("m1");
  CHECK(s.share() == list{"0:0,1,2,3"});  // nobody else is there
  s.add("m2");
  CHECK(s.share() == list{"0:0,1 / 0:2,3", "0:2,3 / 0:0,1"});
  s.add("m3");
  CHECK(s.share() == list{"0:0,1 / 0:2", "0:2 / 0:1,3", "0:3 / 0:0"});
  s.remove(0);  // those who had copies take over
  CHECK(s.share() == list{"0:1,2 / 0:0,3", "0:0,3 / 0:1,2"});
  s.in.standby_replicas = 2;
  CHECK(s.share() == list{"0:1,2 / 0:0,3", "0:0,3 / 0:1,2"});
  s.in.standby_replicas = 0;
  CHECK(s.share() == list{"0:1,2", "0:0,3"});
}

TEST_CASE("members of one process share its load and have no copies of each other's state") {
  sharing s;
  s.in.subtopologies = {{text("0"), 6, true}};
  s.in.standby_replicas = 1;
  s.add("m1", "p1");
  s.add("m2", "p1");
  const auto alone = s.share();
  CHECK(alone[0].find('/') == std::string::npos);
  CHECK(alone[1].find('/') == std::string::npos);
  s.add("m3", "p2");
  const auto three = s.share();
  for (const auto& tasks : three)
    CHECK(std::ranges::count(tasks.substr(0, tasks.find('/')), ',') == 1);
}

TEST_CASE("whatever came before, all tasks have a worker and standbys where they can be") {
  std::mt19937_64 rng(7);
  for (int round = 0; round < 300; ++round) {
    sharing s;
    const auto below = [&](std::uint64_t n) { return static_cast<int>(rng() % n); };
    for (int i = 0, n = 1 + below(3); i < n; ++i) {
      s.in.subtopologies.push_back({text(std::to_string(i)), below(9), below(2) == 0});
    }
    for (int step = 0; step < 6; ++step) {
      if (s.in.members.size() > 1 && below(3) == 0) {
        s.remove(static_cast<std::size_t>(below(s.in.members.size())));
      } else {
        s.add(fmt::format("m{}", s.work + 1000 * static_cast<unsigned>(step)),
              fmt::format("p{}", below(4)));
      }
      s.in.standby_replicas = below(3);
      s.share();
      std::map<std::pair<text, std::int32_t>, std::vector<std::string>> active;
      std::map<std::pair<text, std::int32_t>, std::vector<std::string>> all;
      std::size_t most = 0, tasks = 0;
      for (std::size_t i = 0; i < s.in.members.size(); ++i) {
        std::size_t has = 0;
        s.before[s.in.members[i].member_id].for_each([&](const task& t) {
          all[{t.of.subtopology, t.partition}].push_back(s.processes[i]);
          if (t.of.role != task_role::active) return;
          active[{t.of.subtopology, t.partition}].push_back(s.processes[i]);
          ++has;
        });
        most = std::max(most, has);
        tasks += has;
      }
      const std::set<std::string> processes(s.processes.begin(), s.processes.end());
      for (const auto& sub : s.in.subtopologies) {
        for (std::int32_t p = 0; p < sub.tasks; ++p) {
          CHECK(active[{sub.id, p}].size() == 1);
          const auto& copies = all[{sub.id, p}];
          const auto wanted =
              sub.has_state ? 1 + static_cast<std::size_t>(s.in.standby_replicas) : std::size_t{1};
          CHECK(copies.size() == std::min(wanted, processes.size()));
          CHECK(std::set(copies.begin(), copies.end()).size() == copies.size());
        }
      }
      // No more than one above the even share, even where processes are of different sizes.
      CHECK(most <= tasks / s.in.members.size() + 2);
    }
  }
}

}  // namespace weir::group
