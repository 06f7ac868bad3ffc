#include "bench/load/usage.h"

#include <sys/resource.h>
#include <unistd.h>

#include <format>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

namespace weir::load {
namespace {

double seconds_of(const timeval& t) {
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
}

double cpu_of(int pid) {
  std::ifstream file(std::format("/proc/{}/stat", pid));
  std::string line;
  std::getline(file, line);
  // The program's name may hold anything, so fields are counted from behind its parenthesis.
  const auto name_end = line.rfind(')');
  if (name_end == std::string::npos) return 0;
  std::istringstream rest(line.substr(name_end + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) rest >> skipped;
  double user = 0;
  double system = 0;
  rest >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace

usage usage_now(const std::vector<int>& broker_pids) {
  rusage own{};
  getrusage(RUSAGE_SELF, &own);
  usage out{clock::now(), seconds_of(own.ru_utime) + seconds_of(own.ru_stime)};
  for (const auto pid : broker_pids) out.broker += cpu_of(pid);
  return out;
}

nlohmann::json difference(const usage& from, const usage& to) {
  return {{"seconds", seconds_between(from.at, to.at)},
          {"client_cpu", to.client - from.client},
          {"broker_cpu", to.broker - from.broker}};
}

nlohmann::json measured(const settings& s,
                        const std::function<void(clock::time_point, bool)>& run) {
  const auto begin = clock::now() + duration_of(s.warmup);
  run(begin, false);
  const auto used = usage_now(s.broker_pids);
  run(begin + duration_of(s.seconds), true);
  return difference(used, usage_now(s.broker_pids));
}

}  // namespace weir::load
