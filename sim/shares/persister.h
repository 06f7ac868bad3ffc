#pragma once
// One broker asks the share coordinators, wherever they are, as engine/coordinator/share_persister
// does: who is not ready is asked again for a while, and what may have been done is asked for again
// where it may come twice. Calls are lost, late and repeated.
#include <functional>
#include <memory>

#include "sim/shares/coordinator_host.h"
#include "sim/shares/kinds.h"

namespace weir::sim::shares {

class persister {
 public:
  using host = coordinator_host<state_kind>;
  using find_host = std::function<host&(std::size_t log, broker)>;
  using answered = std::function<void(const share::answer&)>;

  persister(surroundings& around, brokers& all, broker on, find_host hosts)
      : around_(around), all_(all), on_(on), hosts_(std::move(hosts)) {}

  // One partition's. `then` is not called any more once this broker has crashed.
  void ask(std::size_t log, const share::request& r, std::uint64_t tag, answered then);
  void crash() { ++life_; }

 private:
  struct question {
    share::request is;
    std::size_t log;
    std::uint64_t tag;
    moment until;
    moment pause;
    std::uint64_t life;
    answered then;
  };
  using question_ptr = std::shared_ptr<question>;

  void ask_once(const question_ptr& q);
  void deliver(broker to, const question_ptr& q, const attempt& given_up, moment wait,
               const answered& then);
  void told(const question_ptr& q, const share::answer& a);

  surroundings& around_;
  brokers& all_;
  broker on_;
  find_host hosts_;
  std::uint64_t life_ = 1;
};

}  // namespace weir::sim::shares
