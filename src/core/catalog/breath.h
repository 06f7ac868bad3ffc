#pragma once
// A walk over all partitions keeps a core from its other work for as long as it takes. Whoever
// calls one gives it a breath to take every so many steps: then others have their turn, but none
// of them may change the state that is walked over.
#include <functional>

namespace weir::catalog {

class breath {
 public:
  breath() = default;
  explicit breath(std::function<void()> take) : take_(std::move(take)) {}
  void step() const {
    if (take_ && ++steps_ % steps_a_breath == 0) take_();
  }

 private:
  static constexpr unsigned steps_a_breath = 128;
  std::function<void()> take_;
  mutable unsigned steps_ = 0;
};

}  // namespace weir::catalog
