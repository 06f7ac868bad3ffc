#pragma once
// Those who asked a coordinator and have no answer yet, and how many of them there may be.
#include <absl/container/flat_hash_map.h>

#include <seastar/core/future.hh>

#include <cstddef>
#include <expected>

#include "core/group/emitted.h"
#include "engine/coordinator/coordinator_error.h"

namespace weir {

// Shared by all coordinators of one kind on a shard.
struct crowd {
  std::size_t requests_max = 100'000;
  std::size_t bytes_max = 32 << 20;
  std::size_t requests = 0;
  std::size_t bytes = 0;
};

template <typename Answer>
class waiting_requests {
 public:
  using result = std::expected<Answer, coordinator_error>;

  explicit waiting_requests(crowd& all) : all_(all) {}
  waiting_requests(const waiting_requests&) = delete;
  ~waiting_requests() { fail(coordinator_error::not_here); }

  [[nodiscard]] bool takes(std::size_t bytes) const {
    return all_.requests < all_.requests_max &&
           (all_.requests == 0 || all_.bytes + bytes <= all_.bytes_max);
  }
  [[nodiscard]] std::size_t size() const { return waiting_.size(); }
  std::pair<group::ticket, seastar::future<result>> add(std::size_t bytes) {
    const auto ticket = ++last_;
    auto& w = waiting_[ticket];
    w.bytes = bytes;
    ++all_.requests;
    all_.bytes += bytes;
    return {ticket, w.done.get_future()};
  }
  void answer(group::ticket whose, Answer with) {
    const auto at = waiting_.find(whose);
    if (at == waiting_.end()) return;
    auto done = std::move(at->second.done);
    left(at->second.bytes);
    waiting_.erase(at);
    done.set_value(std::move(with));
  }
  void fail(coordinator_error why) {
    for (auto& [ticket, w] : std::exchange(waiting_, {})) {
      left(w.bytes);
      w.done.set_value(std::unexpected(why));
    }
  }

 private:
  struct waiter {
    seastar::promise<result> done;
    std::size_t bytes = 0;
  };
  void left(std::size_t bytes) {
    --all_.requests;
    all_.bytes -= bytes;
  }

  crowd& all_;
  group::ticket last_ = 0;
  absl::flat_hash_map<group::ticket, waiter> waiting_;
};

}  // namespace weir
