#pragma once
// Who belongs to a group, and what a majority of it is. Between two sets of voters lies a joint
// configuration, in which every decision needs a majority of both (section 4.3), so that any set
// can follow any other.
//
// Invariants: lists are sorted without repeats; a learner is not among the voters; members are
// voters of either set and learners.
#include <absl/container/inlined_vector.h>

#include <algorithm>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/raft/defects.h"
#include "core/raft/entry.h"

namespace weir::raft {

struct configuration {
  static constexpr std::size_t members_max = 64;  // of each list

  std::vector<node_id> voters;
  std::vector<node_id> old_voters;  // not empty: joint, these are the voters before
  std::vector<node_id> learners;    // get entries, count for nothing

  [[nodiscard]] bool joint() const { return !old_voters.empty(); }
  [[nodiscard]] bool is_voter(node_id node) const;  // of either set
  [[nodiscard]] bool is_learner(node_id node) const { return !is_voter(node) && is_member(node); }
  [[nodiscard]] bool is_member(node_id node) const;
  [[nodiscard]] std::vector<node_id> members() const;  // sorted, each once
  bool operator==(const configuration&) const = default;
};

// Sorts the lists, drops repeats, and learners that are voters.
configuration normal(configuration from);

// The same with the voters that the joint one leads to.
configuration left_joint(const configuration& from);

// A configuration and the entry that brought it.
struct placed_configuration {
  log_index index;
  configuration members;
  bool operator==(const placed_configuration&) const = default;
};

// How majorities are formed.
struct quorum_rule {
  [[no_unique_address]] defects broken;

  // Whether a majority of each set of voters is among those for which `yes(node)`.
  template <typename Yes>
  [[nodiscard]] bool agreed(const configuration& c, Yes yes) const {
    if (c.voters.empty()) return false;
    if (broken.learners_count && !c.learners.empty()) return agreed(all_vote(c), yes);
    return majority(c.voters, yes) && (!c.joint() || majority(c.old_voters, yes));
  }
  // The highest index that a majority of each set has, where `index(node)` tells one's own.
  template <typename Index>
  [[nodiscard]] log_index reached(const configuration& c, Index index) const {
    if (c.voters.empty()) return {};
    if (broken.learners_count && !c.learners.empty()) return reached(all_vote(c), index);
    const auto first = reached_of(c.voters, index);
    return c.joint() ? std::min(first, reached_of(c.old_voters, index)) : first;
  }

 private:
  [[nodiscard]] std::size_t needed(std::size_t size) const {
    const auto most = size / 2 + 1;
    return broken.quorum_too_small && most > 1 ? most - 1 : most;
  }
  static configuration all_vote(configuration c) {
    c.voters.insert(c.voters.end(), c.learners.begin(), c.learners.end());
    c.learners.clear();
    return c;
  }
  template <typename Yes>
  [[nodiscard]] bool majority(const std::vector<node_id>& set, Yes yes) const {
    return static_cast<std::size_t>(std::ranges::count_if(set, yes)) >= needed(set.size());
  }
  template <typename Index>
  [[nodiscard]] log_index reached_of(const std::vector<node_id>& set, Index index) const {
    absl::InlinedVector<log_index, 8> all;  // asked at every answer: no allocation
    for (const auto node : set) all.push_back(index(node));
    const auto at = all.begin() + static_cast<std::ptrdiff_t>(needed(set.size()) - 1);
    std::ranges::nth_element(all, at, std::greater<>());
    return *at;
  }
};

// The configurations of a log, oldest first: what is in effect is the last one, committed or not
// (section 4.1), and truncation goes back to the one before.
class configuration_history {
 public:
  // `base`: in effect at the log's base; `placed`: those of its entries, in order.
  configuration_history(placed_configuration base, std::vector<placed_configuration> placed);

  [[nodiscard]] const placed_configuration& latest() const { return all_.back(); }
  // In effect at `index`, which is not below the base.
  [[nodiscard]] const configuration& at(log_index index) const;
  // Whether the node is a voter in what was in effect at `index`, or came after.
  [[nodiscard]] bool is_voter_since(log_index index, node_id node) const;
  void append(placed_configuration next) { all_.push_back(std::move(next)); }
  void truncate_after(log_index index);
  void trim(log_index through);
  void reset(placed_configuration base) { all_ = {std::move(base)}; }

 private:
  std::vector<placed_configuration> all_;
};

// The body of a configuration entry (docs/formats/configuration.md).
enum class configuration_error : std::uint8_t { malformed, newer_version };
std::string encode(const configuration& c);
std::expected<configuration, configuration_error> decode_configuration(std::string_view body);

}  // namespace weir::raft
