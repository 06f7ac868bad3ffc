#include "bench/load/commits.h"

#include <format>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>

#include "bench/load/crowd.h"
#include "bench/load/histogram.h"
#include "bench/load/member.h"
#include "bench/load/usage.h"

namespace weir::load {
namespace {

class committers {
 public:
  explicit committers(const settings& s) : settings_(s) {
    const auto name = fresh_name();
    connection any(addresses(s.brokers).front());
    for (int i = 0; i < s.clients; ++i) {
      groups_.push_back(std::format("{}-{}", name, i));
      connections_.add(await_coordinator(any, groups_.back()));
    }
    asked_.resize(groups_.size());
    for (std::size_t i = 0; i < groups_.size(); ++i) ask(i);
  }

  // Each commits again as soon as it was answered.
  void run(clock::time_point end, bool counted) {
    while (clock::now() < end) {
      const bool came = connections_.await([this, counted](std::size_t i) {
        const auto code = result_of(connections_[i].next<kafka::offset_commit_request>());
        if (code != kafka::error_code::none) refused(code, "an offset was not committed");
        if (counted) times_.add_since(asked_[i]);
        ask(i);
      });
      if (!came) throw std::runtime_error("no commit was answered for a minute");
    }
  }

  const histogram& times() const { return times_; }

 private:
  void ask(std::size_t i) {
    asked_[i] = clock::now();
    connections_[i].send(commit(groups_[i], settings_.topic, 1, ++offset_));
  }

  const settings& settings_;
  std::vector<std::string> groups_;
  std::vector<clock::time_point> asked_;
  crowd connections_;
  std::int64_t offset_ = 0;
  histogram times_;
};

}  // namespace

nlohmann::json commit_offsets(const settings& s) {
  committers all(s);
  auto result =
      measured(s, [&all](clock::time_point until, bool counted) { all.run(until, counted); });
  if (all.times().count() == 0) throw std::runtime_error("no offset was committed");
  result["commits"] = all.times().count();
  result["commit_ms"] = in_milliseconds(all.times());
  return result;
}

}  // namespace weir::load
