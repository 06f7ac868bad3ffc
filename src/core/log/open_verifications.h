#pragma once
// Producers whose coordinator is being asked whether a batch may begin a transaction here
// (KIP-890). Soft state of a leader: what a fold can't tell.
#include <cstdint>
#include <map>

#include "core/base/ids.h"

namespace weir::log {

// With a producer's batches under way together, the one whose verification failed must not be
// overtaken by the next, where nothing in the log says which sequence comes first.
class open_verifications {
 public:
  static constexpr std::size_t most = 4096;

  void asked(producer_id producer, producer_epoch epoch, std::int32_t sequence, timestamp now) {
    auto& one = asked_[producer];
    if (epoch > one.epoch || sequence < one.lowest) one.lowest = sequence;
    one.epoch = epoch;
    one.at = now;
    if (asked_.size() > most) forget_oldest();
  }
  // The lowest sequence that was asked for; the greatest there is where nothing was.
  [[nodiscard]] std::int32_t lowest(producer_id producer) const {
    const auto found = asked_.find(producer);
    return found == asked_.end() ? INT32_MAX : found->second.lowest;
  }
  // A batch or a marker of its transaction is in the log.
  void ended(producer_id producer) { asked_.erase(producer); }
  void expire(timestamp now, std::int64_t age_ms) {
    std::erase_if(asked_, [&](const auto& one) { return now - one.second.at >= age_ms; });
  }
  void clear() { asked_.clear(); }
  [[nodiscard]] std::size_t size() const { return asked_.size(); }

 private:
  struct one_asked {
    producer_epoch epoch = no_producer_epoch;
    std::int32_t lowest = INT32_MAX;
    timestamp at{};
  };
  void forget_oldest() {
    auto oldest = asked_.begin();
    for (auto at = asked_.begin(); at != asked_.end(); ++at) {
      if (at->second.at < oldest->second.at) oldest = at;
    }
    asked_.erase(oldest);
  }

  std::map<producer_id, one_asked> asked_;
};

}  // namespace weir::log
