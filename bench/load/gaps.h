// How long each partition goes without an acknowledgement from a moment on: what the death of a
// broker costs its clients.
#pragma once

#include <cstdint>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <vector>

namespace weir::load {

class ack_gaps {
 public:
  explicit ack_gaps(int partitions) : of_(static_cast<std::size_t>(partitions)) {}

  // Any thread's; `now` in nanoseconds.
  void acknowledged(std::int32_t partition, std::int64_t now);
  // From here on gaps count. The first is the one since the acknowledgement before.
  void begin();
  // {"led" and "others", by `led`: {"count", "silent": not acknowledged any more, "p50", "p99",
  // "max": milliseconds}}
  nlohmann::json end(const std::vector<bool>& led, std::int64_t now);

 private:
  struct acks {
    std::int64_t last = 0;
    std::int64_t longest = 0;  // since begin()
    bool again = false;
  };
  std::mutex counting_;
  std::vector<acks> of_;
  bool begun_ = false;
};

}  // namespace weir::load
