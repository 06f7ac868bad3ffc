#pragma once
// The offsets that groups have, as the committed log says it, told by rules of its own: not by the
// coordinator's code. What clients hear is compared with it.
#include <fmt/format.h>

#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sim/groups/surroundings.h"

namespace weir::sim::groups {

struct place {
  std::string group;
  std::string topic;
  std::int32_t partition = 0;
  auto operator<=>(const place&) const = default;
  [[nodiscard]] std::string str() const { return fmt::format("{}/{}-{}", group, topic, partition); }
};

// Who commits, by his own words; each commit has a tag, which is its metadata.
struct claim {
  std::string group;
  std::string member;
  std::int32_t epoch = -1;
  bool classic = false;
  bool transactional = false;
  bool goes_back = false;  // on purpose
  std::string topic;
  uuid topic_id;
};

class offset_truth {
 public:
  // A record or tombstone of the committed log, in its order.
  struct commit {
    std::int64_t offset = -1;
    uuid topic_id;
    bool goes_back = false;
  };
  void put(const place& at, const commit& what, const std::string& tag,
           const std::optional<group::transaction_of>& within);
  void erase(const place& at);
  void end(producer_id producer, bool commit);

  // How often what is said of a place has changed so far.
  [[nodiscard]] std::size_t version(const place& at) const;
  // A client asked for a stable offset when there was that version, and hears this now.
  void told(const place& at, const uuid& topic_id, std::size_t since, std::int64_t offset) const;
  void told_committed(const std::string& tag) const {
    require(tags_.contains(tag), "commit {} is acknowledged, and is not in the log", tag);
  }
  [[nodiscard]] bool any_pending() const { return !pending_.empty(); }
  [[nodiscard]] std::uint64_t commits() const { return commits_; }

 private:
  struct state {
    std::int64_t offset = -1;
    uuid topic_id;
    bool pending = false;
  };
  struct waiting {
    commit what;
    std::uint64_t order = 0;
  };
  void becomes(const place& at, const commit& what);
  void note(const place& at);
  [[nodiscard]] state now(const place& at) const;
  [[nodiscard]] bool is_pending(const place& at) const;
  // States from that version on.
  [[nodiscard]] std::vector<state> states(const place& at, std::size_t since) const;

  std::map<place, std::vector<state>> all_;
  std::map<place, std::uint64_t> orders_;
  std::map<producer_id, std::map<place, waiting>> pending_;
  std::set<std::string> tags_;
  std::uint64_t order_ = 0;
  std::uint64_t commits_ = 0;
};

}  // namespace weir::sim::groups
