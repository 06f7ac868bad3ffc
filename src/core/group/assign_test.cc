#include <catch2/catch_all.hpp>

#include <algorithm>
#include <map>
#include <random>
#include <ranges>
#include <set>
#include <string>

#include "core/group/assignor.h"

namespace weir::group {
namespace {

using rng = std::mt19937_64;

std::uint64_t below(rng& r, std::uint64_t n) {
  return n == 0 ? 0 : r() % n;
}

// Members and topics by name; input() makes what assignors want of them.
struct crowd {
  struct member {
    std::set<std::uint64_t> topics;
    std::optional<std::string> instance;
    topic_partitions before;
  };
  std::map<std::string, member> members;
  std::map<std::uint64_t, std::int32_t> topics;  // id → partitions

  static uuid id_of(std::uint64_t n) { return {7, n}; }

  assignment_input input(rng* shuffle = nullptr) const {
    assignment_input in;
    std::map<std::uint64_t, std::uint32_t> places;
    for (const auto& [n, partitions] : topics) {
      places[n] = static_cast<std::uint32_t>(in.topics.size());
      in.topics.push_back({id_of(n), partitions});
    }
    for (const auto& [name, m] : members) {
      auto& to = in.members.emplace_back();
      to.member_id = name;
      if (m.instance) to.instance_id = *m.instance;
      for (const auto n : m.topics) {
        if (const auto at = places.find(n); at != places.end()) to.topics.push_back(at->second);
      }
      to.before = &m.before;
    }
    if (shuffle) std::ranges::shuffle(in.members, *shuffle);
    return in;
  }

  std::map<std::string, topic_partitions> share(assignor by, rng* shuffle = nullptr) const {
    const auto in = input(shuffle);
    std::uint64_t work = 0;
    const auto out = assign(by, in, work);
    std::map<std::string, topic_partitions> named;
    for (std::size_t i = 0; i < out.size(); ++i)
      named[std::string(in.members[i].member_id)] = out[i];
    return named;
  }
  void adopt(const std::map<std::string, topic_partitions>& shares) {
    for (const auto& [name, s] : shares) members.at(name).before = s;
  }

  // Each partition that somebody wants has one owner, who wants it.
  void check_whole(const std::map<std::string, topic_partitions>& shares) const {
    std::map<std::pair<std::uint64_t, std::int32_t>, int> owners;
    for (const auto& [name, s] : shares) {
      s.for_each([&](const partition_key& p) {
        REQUIRE(members.at(name).topics.contains(p.topic_id.low));
        REQUIRE(topics.contains(p.topic_id.low));
        REQUIRE(p.partition < topics.at(p.topic_id.low));
        REQUIRE(++owners[{p.topic_id.low, p.partition}] == 1);
      });
    }
    std::size_t wanted = 0;
    for (const auto& [n, partitions] : topics) {
      if (std::ranges::any_of(members, [&](const auto& m) { return m.second.topics.contains(n); }))
        wanted += static_cast<std::size_t>(partitions);
    }
    REQUIRE(owners.size() == wanted);
  }
};

std::size_t kept(const crowd& c, const std::map<std::string, topic_partitions>& shares) {
  std::size_t n = 0;
  for (const auto& [name, s] : shares) {
    s.for_each([&](const partition_key& p) { n += c.members.at(name).before.contains(p); });
  }
  return n;
}

crowd random_crowd(rng& r, bool same) {
  crowd c;
  const auto topics = 1 + below(r, 6);
  for (std::uint64_t t = 0; t < topics; ++t) {
    c.topics[t] = static_cast<std::int32_t>(below(r, 12));
  }
  const auto members = 1 + below(r, 9);
  for (std::uint64_t m = 0; m < members; ++m) {
    auto& to = c.members["m" + std::to_string(r() % 1000)];
    for (std::uint64_t t = 0; t < topics; ++t) {
      if (same || r() % 2) to.topics.insert(t);
    }
  }
  return c;
}

// Members come and go, topics come, go and grow.
void change(crowd& c, rng& r, bool same) {
  switch (below(r, 5)) {
    case 0:
      if (c.members.size() > 1) {
        c.members.erase(
            std::next(c.members.begin(), static_cast<std::ptrdiff_t>(below(r, c.members.size()))));
      }
      break;
    case 1: {
      auto& to = c.members["n" + std::to_string(r() % 1000)];
      for (const auto& [t, partitions] : c.topics) {
        if (same || r() % 2) to.topics.insert(t);
      }
      break;
    }
    case 2:
      c.topics.erase(below(r, 6));
      break;
    case 3:
      c.topics[below(r, 6)] += static_cast<std::int32_t>(below(r, 5));
      break;
    default:
      if (!same) {
        auto& m =
            std::next(c.members.begin(), static_cast<std::ptrdiff_t>(below(r, c.members.size())))
                ->second;
        const auto t = below(r, 6);
        if (!m.topics.erase(t)) m.topics.insert(t);
      }
  }
  if (!same) return;
  for (auto& [name, m] : c.members) {
    m.topics.clear();
    for (const auto& [t, partitions] : c.topics) m.topics.insert(t);
  }
}

// As many stay as can: nobody may have more than the quota, and few one more.
std::size_t most_kept(const crowd& c) {
  std::size_t total = 0;
  for (const auto& [t, partitions] : c.topics) total += static_cast<std::size_t>(partitions);
  const auto quota = total / c.members.size();
  std::size_t above = 0;
  std::size_t out = 0;
  for (const auto& [name, m] : c.members) {
    std::size_t valid = 0;
    m.before.for_each([&](const partition_key& p) {
      const auto topic = c.topics.find(p.topic_id.low);
      valid += topic != c.topics.end() && p.partition < topic->second;
    });
    out += std::min(valid, quota);
    above += valid > quota;
  }
  return out + std::min(above, total % c.members.size());
}

TEST_CASE("uniform, all want the same: even, whole, and as few move as can be") {
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    INFO("seed " << seed);
    rng r(seed);
    auto c = random_crowd(r, true);
    for (int round = 0; round < 6; ++round) {
      const auto shares = c.share(assignor::uniform);
      c.check_whole(shares);
      const auto [low, high] = std::ranges::minmax(
          shares | std::views::transform([](const auto& s) { return s.second.size(); }));
      REQUIRE(high <= low + 1);
      REQUIRE(kept(c, shares) == most_kept(c));
      REQUIRE(c.share(assignor::uniform, &r) == shares);
      c.adopt(shares);
      REQUIRE(c.share(assignor::uniform) == shares);
      change(c, r, true);
    }
  }
}

TEST_CASE("uniform, members want different topics: whole, and no move makes two more even") {
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    INFO("seed " << seed);
    rng r(seed);
    auto c = random_crowd(r, false);
    for (int round = 0; round < 6; ++round) {
      const auto shares = c.share(assignor::uniform);
      c.check_whole(shares);
      for (const auto& [name, s] : shares) {
        for (const auto& [topic, list] : s.topics()) {
          for (const auto& [other, o] : shares) {
            if (!c.members.at(other).topics.contains(topic.low)) continue;
            REQUIRE(s.size() <= o.size() + 1);
          }
        }
      }
      REQUIRE(c.share(assignor::uniform, &r) == shares);
      c.adopt(shares);
      REQUIRE(c.share(assignor::uniform) == shares);
      change(c, r, false);
    }
  }
}

TEST_CASE("uniform: when one of many leaves, only its partitions move") {
  crowd c;
  for (std::uint64_t t = 0; t < 3; ++t) c.topics[t] = 10;
  for (const auto* name : {"a", "b", "c", "d", "e"}) {
    c.members[name].topics = {0, 1, 2};
    if (*name != 'e') c.members[name].topics.insert(3);
  }
  c.topics[3] = 2;
  c.adopt(c.share(assignor::uniform));
  const auto before = c.members;
  c.members.erase("c");
  const auto shares = c.share(assignor::uniform);
  for (const auto& [name, s] : shares) CHECK(s.contains_all(before.at(name).before));
}

TEST_CASE("uniform: partitions of a topic go to different members") {
  crowd c;
  for (std::uint64_t t = 0; t < 4; ++t) c.topics[t] = 2;
  c.members["a"].topics = c.members["b"].topics = {0, 1, 2, 3};
  const auto shares = c.share(assignor::uniform);
  for (const auto& [topic, list] : shares.at("a").topics()) CHECK(list.size() == 1);
}

TEST_CASE("range: a run of each topic for each who wants it, in order; alike topics alike") {
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    INFO("seed " << seed);
    rng r(seed);
    auto c = random_crowd(r, seed % 2 == 0);
    const auto shares = c.share(assignor::range);
    c.check_whole(shares);
    REQUIRE(c.share(assignor::range, &r) == shares);
    std::map<std::uint64_t, std::map<std::string, std::vector<std::int32_t>>> by_topic;
    for (const auto& [name, s] : shares) {
      for (const auto& [topic, list] : s.topics()) {
        REQUIRE(list.back() - list.front() + 1 == static_cast<std::int32_t>(list.size()));
        by_topic[topic.low][name] = list;
      }
    }
    for (const auto& [t, parts] : by_topic) {
      std::int32_t next = 0;
      std::size_t previous = SIZE_MAX;
      for (const auto& [name, list] : parts) {  // the first get one more
        REQUIRE(list.front() == next);
        REQUIRE(list.size() <= previous);
        if (previous != SIZE_MAX) REQUIRE(previous <= list.size() + 1);
        next = list.back() + 1;
        previous = list.size();
      }
      for (const auto& [u, others] : by_topic) {
        const bool alike =
            c.topics[t] == c.topics[u] && std::ranges::all_of(c.members, [&](const auto& m) {
              return m.second.topics.contains(t) == m.second.topics.contains(u);
            });
        if (alike) REQUIRE(parts == others);
      }
    }
  }
}

TEST_CASE("range: static members first, by their instance ids") {
  crowd c;
  c.topics[0] = 3;
  for (const auto* name : {"a", "b", "z"}) c.members[name].topics = {0};
  c.members["z"].instance = "i1";
  c.members["b"].instance = "i2";
  const auto shares = c.share(assignor::range);
  CHECK(shares.at("z").contains({crowd::id_of(0), 0}));
  CHECK(shares.at("b").contains({crowd::id_of(0), 1}));
  CHECK(shares.at("a").contains({crowd::id_of(0), 2}));
}

TEST_CASE("assignors: steps grow with members and partitions, not with their product") {
  const auto steps = [](assignor by, int members, std::int32_t partitions, bool same) {
    crowd c;
    c.topics[0] = partitions;
    c.topics[1] = partitions;
    for (int i = 0; i < members; ++i) {
      c.members["m" + std::to_string(i)].topics = {0};
      if (same || i % 2) c.members["m" + std::to_string(i)].topics.insert(1);
    }
    std::uint64_t work = 0;
    const auto in = c.input();
    assign(by, in, work);
    c.adopt(c.share(by));
    for (int i = 0; i < 10; ++i) c.members["new" + std::to_string(i)].topics = {0, 1};
    assign(by, c.input(), work);
    return work;
  };
  for (const auto by : {assignor::uniform, assignor::range}) {
    for (const bool same : {true, false}) {
      CHECK(steps(by, 2000, 2000, same) < 100'000);
      CHECK(steps(by, 2000, 2000, same) < 3 * steps(by, 1000, 1000, same));
    }
  }
}

}  // namespace
}  // namespace weir::group
