#include "bench/load/rebalance.h"

#include <format>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "bench/load/crowd.h"
#include "bench/load/histogram.h"
#include "bench/load/member.h"
#include "bench/load/usage.h"

namespace weir::load {
namespace {

using kafka::error_code;

// One group and its members, each on a connection of its own.
class members {
 public:
  explicit members(const settings& s)
      : topic_(s.topic), group_(fresh_name()), of_(static_cast<std::size_t>(s.clients)) {
    connection any(addresses(s.brokers).front());
    const auto where = await_coordinator(any, group_);
    for (std::size_t i = 0; i < of_.size(); ++i) connections_.add(where);
  }

  // All join, and wait for what is theirs.
  void rebalance() {
    // Another subscription than before is what makes a member's request begin a rebalance.
    user_data_ = std::format("{:064}", ++round_);
    settled_ = 0;
    for (std::size_t i = 0; i < of_.size(); ++i) ask_to_join(i);
    while (settled_ < of_.size())
      if (!connections_.await([this](std::size_t i) { heard(i); }))
        throw std::runtime_error(std::format(
            "rebalance {}: nothing came for a minute, {} of {} members have an assignment", round_,
            settled_, of_.size()));
  }

 private:
  struct member {
    text id;
    bool joining = false;
  };

  void ask_to_join(std::size_t i) {
    of_[i].joining = true;
    connections_[i].send(join(group_, of_[i].id, topic_, user_data_));
  }

  void heard(std::size_t i) {
    if (of_[i].joining)
      joined(i, connections_[i].next<kafka::join_group_request>());
    else
      synced(i, connections_[i].next<kafka::sync_group_request>().error);
  }

  void joined(std::size_t i, const kafka::join_group_response& answer) {
    auto& m = of_[i];
    switch (answer.error) {
      case error_code::member_id_required:  // of one that has none yet (KIP-394)
        m.id = answer.member_id;
        [[fallthrough]];
      case error_code::rebalance_in_progress:
        return ask_to_join(i);
      case error_code::none:
        break;
      default:
        refused(answer.error, "a member may not join");
    }
    m.joining = false;
    connections_[i].send(sync(group_, topic_, answer));
  }

  // Another one's request may have come behind the end of this one's rebalance and begun the next.
  void synced(std::size_t i, error_code code) {
    if (code == error_code::rebalance_in_progress || code == error_code::illegal_generation)
      return ask_to_join(i);
    if (code != error_code::none) refused(code, "a member got no assignment");
    ++settled_;
  }

  const std::string topic_;
  const std::string group_;
  std::vector<member> of_;
  crowd connections_;
  std::string user_data_;
  std::size_t settled_ = 0;
  int round_ = 0;
};

}  // namespace

nlohmann::json rebalance(const settings& s) {
  members all(s);
  all.rebalance();  // the first one waits for more members
  for (const auto end = clock::now() + duration_of(s.warmup); clock::now() < end;) all.rebalance();
  histogram times;
  const auto used = usage_now(s.broker_pids);
  for (const auto end = clock::now() + duration_of(s.seconds); clock::now() < end;) {
    const auto from = clock::now();
    all.rebalance();
    times.add_since(from);
  }
  auto result = difference(used, usage_now(s.broker_pids));
  result["rebalances"] = times.count();
  result["rebalance_ms"] = in_milliseconds(times);
  return result;
}

}  // namespace weir::load
