// Many connections in one thread, with one request under way on each: as many clients as one likes,
// for next to no work.
#pragma once

#include <poll.h>

#include <chrono>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "bench/load/settings.h"
#include "bench/load/wire.h"

namespace weir::load {

// Group names that no run before has used begin with this.
std::string fresh_name();

class crowd {
 public:
  void add(const std::string& address);
  std::size_t size() const { return connections_.size(); }
  connection& operator[](std::size_t i) { return connections_[i]; }

  // Waits until some have an answer, and calls `heard` with the number of each that has. False
  // where none came for so long.
  bool await(const std::function<void(std::size_t)>& heard,
             std::chrono::milliseconds limit = patience);

 private:
  std::deque<connection> connections_;
  std::vector<pollfd> waiting_;
};

}  // namespace weir::load
