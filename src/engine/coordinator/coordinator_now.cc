#include <chrono>

#include "engine/coordinator/coordinator_shell.h"

namespace weir {

group::moment coordinator_now() {
  using namespace std::chrono;
  const auto steady = duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
  const auto wall = duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
  return {.steady_ms = steady, .wall = timestamp(wall)};
}

}  // namespace weir
