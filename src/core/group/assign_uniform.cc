#include <algorithm>
#include <numeric>
#include <queue>

#include "core/base/check.h"
#include "core/group/assignor.h"

namespace weir::group {
namespace {

constexpr std::uint32_t nobody = UINT32_MAX;

// Partitions are numbered through all topics, members through the order of their ids.
class uniform {
 public:
  uniform(const assignment_input& in, std::uint64_t& work);

  assignment share_out();

 private:
  using member = std::uint32_t;
  using number = std::uint32_t;

  [[nodiscard]] const assignee& input(member m) const { return in_.members[order_[m]]; }
  [[nodiscard]] bool same_topics() const;
  [[nodiscard]] number begin_of(std::uint32_t topic) const { return first_[topic]; }
  [[nodiscard]] number end_of(std::uint32_t topic) const { return first_[topic + 1]; }
  void give(number p, member m) {
    owner_[p] = m;
    ++load_[m];
    ++work_;
  }

  void keep(member m, std::size_t at_most);
  void share_among_all();
  void share_by_topic();
  void deal(std::uint32_t topic);
  bool even_out(std::uint32_t topic);

  const assignment_input& in_;
  std::uint64_t& work_;
  std::vector<std::uint32_t> order_;              // member → place in the input
  std::vector<number> first_;                     // topic → its first number; one more for the end
  std::vector<member> owner_;                     // by number
  std::vector<member> before_;                    // by number: who was meant to have it so far
  std::vector<std::uint32_t> load_;               // by member
  std::vector<std::vector<member>> subscribers_;  // by topic, ascending
};

uniform::uniform(const assignment_input& in, std::uint64_t& work)
    : in_(in), work_(work), order_(in.members.size()), load_(in.members.size(), 0) {
  std::iota(order_.begin(), order_.end(), 0);
  std::ranges::sort(order_, {}, [&](std::uint32_t at) { return in_.members[at].member_id; });
  first_.push_back(0);
  for (const auto& t : in_.topics) {
    first_.push_back(first_.back() + static_cast<number>(std::max(t.partitions, 0)));
  }
  owner_.assign(first_.back(), nobody);
  before_.assign(first_.back(), nobody);
  subscribers_.resize(in_.topics.size());
  for (member m = 0; m < order_.size(); ++m) {
    for (const auto t : input(m).topics) subscribers_[t].push_back(m);
    work_ += input(m).topics.size();
  }
}

bool uniform::same_topics() const {
  return std::ranges::all_of(subscribers_,
                             [&](const auto& s) { return s.empty() || s.size() == order_.size(); });
}

// Partitions that it had, that exist and that it still wants: the first `at_most` of them. All are
// remembered as its own, so that what moves back later is known.
void uniform::keep(member m, std::size_t at_most) {
  const auto& who = input(m);
  if (!who.before) return;
  std::size_t kept = 0;
  for (const auto t : who.topics) {
    const auto had = who.before->topics().find(in_.topics[t].id);
    if (had == who.before->topics().end()) continue;
    for (const auto partition : had->second) {
      ++work_;
      if (partition < 0 || partition >= in_.topics[t].partitions) continue;
      const auto p = begin_of(t) + static_cast<number>(partition);
      if (owner_[p] != nobody) continue;
      if (before_[p] == nobody) before_[p] = m;
      if (kept == at_most) continue;
      give(p, m);
      ++kept;
    }
  }
}

// All want the same: each gets the quota, and the first of those who had more get the rest.
void uniform::share_among_all() {
  const auto members = order_.size();
  const std::size_t total =
      std::transform_reduce(subscribers_.begin(), subscribers_.end(), std::size_t{0}, std::plus<>(),
                            [&, t = 0U](const auto& s) mutable {
                              const auto count = end_of(t) - begin_of(t);
                              ++t;
                              return s.empty() ? std::size_t{0} : std::size_t{count};
                            });
  const auto quota = static_cast<std::uint32_t>(total / members);
  auto extra = total % members;
  for (member m = 0; m < members; ++m) {
    keep(m, quota + (extra > 0 ? 1 : 0));
    if (load_[m] > quota) --extra;
  }
  // Round and round, so that the partitions of one topic go to different members.
  member next = 0;
  const auto has_room = [&](member m) {
    return load_[m] < quota || (extra > 0 && load_[m] == quota);
  };
  for (std::uint32_t t = 0; t < in_.topics.size(); ++t) {
    if (subscribers_[t].empty()) continue;
    for (auto p = begin_of(t); p < end_of(t); ++p) {
      if (owner_[p] != nobody) continue;
      while (!has_room(next)) {
        next = (next + 1) % static_cast<member>(members);
        ++work_;
      }
      give(p, next);
      if (load_[next] > quota) --extra;
      next = (next + 1) % static_cast<member>(members);
    }
  }
}

// Members want different topics: what nobody has goes to the least loaded of those who want it,
// topics with few such members first; then whoever has two more than another gives it one.
void uniform::share_by_topic() {
  for (member m = 0; m < order_.size(); ++m) keep(m, SIZE_MAX);
  std::vector<std::uint32_t> topics(in_.topics.size());
  std::iota(topics.begin(), topics.end(), 0);
  std::ranges::stable_sort(topics, {}, [&](std::uint32_t t) { return subscribers_[t].size(); });
  for (const auto t : topics) deal(t);

  // Each move lessens the sum of the squares of loads, so this ends; it takes few rounds. The bound
  // is for the step's sake: beyond it the assignment is whole, if less even.
  constexpr int rounds_max = 64;
  bool moved = true;
  for (int round = 0; moved && round < rounds_max; ++round) {
    moved = false;
    for (const auto t : topics) moved = even_out(t) || moved;
  }
}

void uniform::deal(std::uint32_t topic) {
  const auto& among = subscribers_[topic];
  if (among.empty()) return;
  using entry = std::pair<std::uint32_t, member>;  // load, who
  std::priority_queue<entry, std::vector<entry>, std::greater<>> least;
  for (auto p = begin_of(topic); p < end_of(topic); ++p) {
    if (owner_[p] != nobody) continue;
    if (least.empty()) {
      for (const auto m : among) least.emplace(load_[m], m);
      work_ += among.size();
    }
    const auto m = least.top().second;
    least.pop();
    give(p, m);
    least.emplace(load_[m], m);
  }
}

bool uniform::even_out(std::uint32_t topic) {
  const auto& among = subscribers_[topic];
  if (among.size() < 2) return false;
  work_ += among.size() + (end_of(topic) - begin_of(topic));
  const auto [low, high] = std::ranges::minmax(among, {}, [&](member m) { return load_[m]; });
  if (load_[high] <= load_[low] + 1) return false;

  using entry = std::pair<std::uint32_t, member>;
  std::priority_queue<entry, std::vector<entry>, std::greater<>> least;
  for (const auto m : among) least.emplace(load_[m], m);
  // First what its owner did not have before: it costs nobody anything.
  bool moved = false;
  for (const bool kept : {false, true}) {
    for (auto p = begin_of(topic); p < end_of(topic); ++p) {
      const auto from = owner_[p];
      if ((before_[p] == from) != kept) continue;
      while (least.top().first != load_[least.top().second]) least.pop();  // has changed since
      const auto to = least.top().second;
      if (load_[from] <= load_[to] + 1) continue;
      --load_[from];
      give(p, to);
      least.pop();
      least.emplace(load_[to], to);
      least.emplace(load_[from], from);
      moved = true;
    }
  }
  return moved;
}

assignment uniform::share_out() {
  if (order_.empty()) return {};
  if (same_topics()) {
    share_among_all();
  } else {
    share_by_topic();
  }
  assignment out(order_.size());
  std::vector<std::vector<std::int32_t>> lists(order_.size());
  for (std::uint32_t t = 0; t < in_.topics.size(); ++t) {
    for (auto p = begin_of(t); p < end_of(t); ++p) {
      if (owner_[p] == nobody) continue;
      lists[owner_[p]].push_back(static_cast<std::int32_t>(p - begin_of(t)));
    }
    for (auto p = begin_of(t); p < end_of(t); ++p) {
      if (owner_[p] == nobody || lists[owner_[p]].empty()) continue;
      out[order_[owner_[p]]].add(in_.topics[t].id, lists[owner_[p]]);
      lists[owner_[p]].clear();
    }
  }
  return out;
}

}  // namespace

assignment assign_uniform(const assignment_input& in, std::uint64_t& work) {
  return uniform(in, work).share_out();
}

}  // namespace weir::group
