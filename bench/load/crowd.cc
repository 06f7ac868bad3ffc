#include "bench/load/crowd.h"

#include <format>
#include <random>

namespace weir::load {

std::string fresh_name() {
  std::random_device random;
  return std::format("load-{:08x}{:08x}", random(), random());
}

void crowd::add(const std::string& address) {
  connections_.emplace_back(address);
  waiting_.push_back({.fd = connections_.back().descriptor(), .events = POLLIN});
}

bool crowd::await(const std::function<void(std::size_t)>& heard, std::chrono::milliseconds limit) {
  if (poll(waiting_.data(), waiting_.size(), static_cast<int>(limit.count())) <= 0) return false;
  for (std::size_t i = 0; i < connections_.size(); ++i)
    if (waiting_[i].revents != 0 && connections_[i].arrived()) heard(i);
  return true;
}

}  // namespace weir::load
