#pragma once
// What everything in a run of brokers with replicated logs shares: time, chance and the network.
#include <fmt/format.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sim/event_queue.h"
#include "sim/random.h"

namespace weir::sim::replicated {

// One try to say something. Whoever gave it up says so: then it does not arrive any more, as if its
// connection was closed.
using attempt = std::shared_ptr<bool>;  // given up

using broker = std::size_t;

struct link_rules {
  moment delay_max = 5 * ms;
  moment flush_max = 3 * ms;
  moment quorum_patience = 300 * ms;
  std::uint32_t loss = 0;  // of a million messages
};

struct surroundings {
  event_queue& events;
  random& chance;
  link_rules links;
  std::function<void(const std::string&)> tell;
  std::vector<std::vector<bool>> cut{};  // nothing gets from one broker to another
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
  bool lost() { return !calm && chance.chance(links.loss); }
  moment travel() { return chance.between(1, links.delay_max); }
  // Between a client and a broker.
  void send(const attempt& given_up, std::function<void()> arrives) {
    if (lost()) return;
    events.after(travel(), [given_up, arrives = std::move(arrives)] {
      if (!given_up || !*given_up) arrives();
    });
  }
};

}  // namespace weir::sim::replicated
