#pragma once
// Calls of one connection that wait for their answer. Each ends once: by its answer, its deadline
// or the connection's loss.
#include <absl/container/flat_hash_map.h>

#include <seastar/core/lowres_clock.hh>
#include <seastar/core/timer.hh>

#include <memory>

#include "core/peer/messages.h"
#include "engine/peer/call.h"

namespace weir::peer {

class pending_calls {
 public:
  pending_calls() = default;
  pending_calls(const pending_calls&) = delete;

  struct begun {
    std::int64_t id;
    seastar::future<call_result> answer;
  };
  begun begin(seastar::lowres_clock::time_point deadline);
  // It is about to be written. False: nobody waits for it any more.
  bool leaves(std::int64_t id);
  void answered(std::int64_t id, call_result result);
  // What did not leave is unreachable; what did may have been carried out.
  void lose_all();

 private:
  struct waiting {
    seastar::promise<call_result> done;
    seastar::timer<seastar::lowres_clock> deadline;
    bool left = false;
  };
  void expire(std::int64_t id);

  absl::flat_hash_map<std::int64_t, std::unique_ptr<waiting>> waiting_;
  std::unique_ptr<waiting> expired_;  // the last one: a timer must not end in its own callback
  std::int64_t next_id_ = 0;
};

call_error error_of(call_status status);

}  // namespace weir::peer
