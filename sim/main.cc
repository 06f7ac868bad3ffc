#include <fmt/format.h>
#include <cstdlib>
#include "sim/simulate.h"
using namespace weir::sim;
int main(int argc, char** argv) {
  std::uint64_t from = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1;
  std::uint64_t count = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  for (auto s = from; s < from + count; ++s) {
    auto p = draw_plan(s);
    auto r = simulate(p);
    if (!r.ok || count == 1) {
      fmt::print("seed {} {} hash {:016x} events {} : {} in {}\n{}\n", s, r.ok ? "ok" : "FAILED", r.hash, r.events, r.what, r.phase, describe(p));
      for (auto& l : r.phases) fmt::print("  {}\n", l);
      for (auto& l : r.last) fmt::print("    {}\n", l);
      std::fflush(stdout);
      if (!r.ok) return 1;
    }
  }
}
