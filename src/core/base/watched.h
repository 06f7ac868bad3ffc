#pragma once
// A value that changes rarely and is read often, such as a live option: what it is now, how often
// it changed, and who wants to hear of it. One shard, no locks, no waiting.
//
// Invariants: a callback runs after current() already gives the new value; a subscription may be
// ended from inside any callback, its own included; setting an equal value is no change.
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace weir {

// A callback's place in the list of a watched value. Ends with the object; may outlive the value.
class watch {
 public:
  watch() = default;
  watch(watch&&) noexcept = default;
  watch& operator=(watch&& other) noexcept {
    end();
    alive_ = std::move(other.alive_);
    return *this;
  }
  ~watch() { end(); }

  void end() {
    if (alive_) *alive_ = false;
    alive_.reset();
  }
  [[nodiscard]] bool active() const { return alive_ != nullptr; }

 private:
  template <std::equality_comparable T>
  friend class watched;
  explicit watch(std::shared_ptr<bool> alive) : alive_(std::move(alive)) {}

  std::shared_ptr<bool> alive_;
};

template <std::equality_comparable T>
class watched {
 public:
  using callback = std::function<void(const T&)>;

  watched() = default;
  explicit watched(T value) : value_(std::move(value)) {}
  watched(const watched&) = delete;
  watched& operator=(const watched&) = delete;

  [[nodiscard]] const T& current() const { return value_; }
  const T& operator*() const { return value_; }
  const T* operator->() const { return &value_; }
  // Starts at 0 and grows by one with each change.
  [[nodiscard]] std::uint64_t version() const { return version_; }

  // Calls `tell` after each later change, not for the present value. A callback that sets this
  // value again is allowed: the others then hear the newest value, perhaps more than once.
  [[nodiscard]] watch subscribe(callback tell) {
    drop_ended();
    auto alive = std::make_shared<bool>(true);
    listeners_.push_back(std::make_shared<listener>(alive, std::move(tell)));
    return watch(std::move(alive));
  }

  void set(T value) {
    if (value == value_) return;
    value_ = std::move(value);
    ++version_;
    const auto told = listeners_;  // a callback may subscribe or end any subscription
    for (const auto& each : told) {
      if (*each->alive) each->tell(value_);
    }
    drop_ended();
  }

 private:
  struct listener {
    std::shared_ptr<bool> alive;
    callback tell;
  };

  void drop_ended() {
    std::erase_if(listeners_, [](const auto& each) { return !*each->alive; });
  }

  T value_{};
  std::uint64_t version_ = 0;
  std::vector<std::shared_ptr<listener>> listeners_;
};

}  // namespace weir
