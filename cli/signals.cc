#include "cli/signals.h"

#include <atomic>
#include <csignal>

namespace weir::cli {

namespace {

std::atomic<int> caught = 0;
static_assert(std::atomic<int>::is_always_lock_free);  // else the handler may not touch it

void on_signal(int number) {
  caught = number;
  // Whoever asks twice has waited enough.
  std::signal(number, SIG_DFL);
}

}  // namespace

void watch_signals() {
  struct sigaction action = {};
  action.sa_handler = on_signal;  // without SA_RESTART, so that a blocked read comes back
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() {
  return caught != 0;
}

int caught_signal() {
  return caught;
}

}  // namespace weir::cli
