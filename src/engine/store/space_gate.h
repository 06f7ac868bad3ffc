#pragma once
// What a shard's logs know of the room on the device: whether data is taken, and a place to wait
// for room. Somebody else looks at the device and says what it found (engine/cluster/space.cc);
// without that, there is room until a call says no_space.
#include <seastar/core/condition-variable.hh>

#include <cstdint>
#include <functional>

#include "core/log/space_watermark.h"

namespace weir::store {

class space_gate {
 public:
  [[nodiscard]] log::space_level level() const { return level_; }
  // Whether data may be appended. Commands and what deletes are not asked.
  [[nodiscard]] bool takes_data() const {
    return level_ == log::space_level::roomy && taken_ < headroom_;
  }
  // Counts what was appended since the last look; when the headroom is used up, asks for the next.
  void took(std::uint64_t bytes) {
    const bool had = taken_ < headroom_;
    taken_ += bytes;
    if (had && taken_ >= headroom_ && look_) look_();
  }
  // What a look at the device has found: this shard may take `headroom` bytes until the next one.
  // `data_may_try`: there is more room than what is kept for commands and deletion.
  void found(log::space_level level, std::uint64_t headroom, bool data_may_try) {
    level_ = level;
    headroom_ = headroom;
    data_may_try_ = data_may_try;
    taken_ = 0;
  }
  // Those who wait for room try once more.
  void retry() { retry_.broadcast(); }
  // Called when a look at the device is wanted at once.
  void on_wanted_look(std::function<void()> call) { look_ = std::move(call); }

  // Held by a log that was refused space, until it has got it or gives up.
  class refused {
   public:
    explicit refused(space_gate& gate) : gate_(gate) {
      ++gate_.waiting_;
      gate_.level_ = log::space_level::full;
      if (gate_.look_) gate_.look_();
    }
    ~refused() { --gate_.waiting_; }
    refused(const refused&) = delete;
    // Resolves when it is worth trying again. `data`: no command that could free room.
    seastar::future<> wait(bool data, const bool& stopping) {
      do {
        co_await gate_.retry_.wait();
      } while (data && !gate_.data_may_try_ && !stopping);
    }

   private:
    space_gate& gate_;
  };
  [[nodiscard]] std::size_t waiting() const { return waiting_; }

 private:
  log::space_level level_ = log::space_level::roomy;
  std::uint64_t headroom_ = UINT64_MAX;
  std::uint64_t taken_ = 0;
  bool data_may_try_ = true;
  std::size_t waiting_ = 0;
  seastar::condition_variable retry_;
  std::function<void()> look_;
};

}  // namespace weir::store
