#pragma once
// What everything in a run shares: time, chance, the truth, and the network.
#include <fmt/format.h>

#include <functional>
#include <memory>
#include <string>

#include "sim/event_queue.h"
#include "sim/random.h"
#include "sim/transactions/oracle.h"
#include "sim/transactions/plan.h"

namespace weir::sim::transactions {

// One try to say something. Whoever gave it up may say so: then it does not arrive any more, as if
// its connection was closed.
using attempt = std::shared_ptr<bool>;  // given up

struct surroundings {
  const plan& rules;
  event_queue& events;
  random& chance;
  oracle& truth;
  std::function<void(const std::string&)> tell;
  bool calm = false;
  std::uint64_t hash = 0;

  template <typename... Args>
  void note(fmt::format_string<Args...> what, Args&&... args) {
    if (tell)
      tell(fmt::format("{:>9} {}", events.now(), fmt::format(what, std::forward<Args>(args)...)));
  }
  // Of everything that is decided or stored.
  void mix_in(std::uint64_t what) {
    hash = mix(hash, mix(what, static_cast<std::uint64_t>(events.now())));
  }

  moment travel() { return chance.between(1, rules.delay_max); }
  // A message: it arrives, is lost, or arrives again later on. `given_up` may be null.
  void send(const attempt& given_up, bool may_come_twice, const std::function<void()>& arrives) {
    const auto arrive = [given_up, arrives] {
      if (!given_up || !*given_up) arrives();
    };
    const bool trouble = !calm;
    if (trouble && may_come_twice && chance.chance(rules.copies))
      events.after(chance.between(1, rules.late_max), arrives);  // whoever waits or not
    if (trouble && chance.chance(rules.loss)) return;
    // What must not come twice may come late instead.
    const bool late = trouble && !may_come_twice && chance.chance(rules.copies);
    events.after(late ? chance.between(1, rules.late_max) : travel(), arrive);
  }
};

}  // namespace weir::sim::transactions
