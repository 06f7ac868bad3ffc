// Partition counts of a streams application's topics. Sources are what they are; data that is
// shared out anew has as many partitions as the widest of what is written to it, or as what it is
// copartitioned with; a changelog follows from the sources of its subtopology.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <ranges>
#include <utility>

#include "core/group/streams_topology.h"

namespace weir::group {
namespace {

group_error invalid(std::string message) {
  return {kafka::error_code::streams_invalid_topology, std::move(message)};
}

// What the places name; those that name nothing are left out.
template <typename T>
std::vector<const T*> at_places(const std::vector<T>& of, const std::vector<std::int16_t>& places) {
  std::vector<const T*> out;
  for (const auto at : places) {
    if (at >= 0 && std::cmp_less(at, of.size())) out.push_back(&of[static_cast<std::size_t>(at)]);
  }
  return out;
}

// The first three, and how many more there are.
std::string some_of(const auto& names) {
  constexpr std::size_t named = 3;
  auto first = fmt::format("{}", fmt::join(names | std::views::take(named), ", "));
  if (names.size() <= named) return first;
  return fmt::format("{} and {} additional topics", first, names.size() - named);
}

class configuration {
 public:
  configuration(const streams_topology& topology, const topic_view& topics)
      : topology_(topology), topics_(topics) {}

  std::expected<configured_topology, group_error> result() {
    if (const auto missing = missing_sources(); !missing.empty()) {
      trouble(streams_status::missing_source_topics,
              fmt::format("Source topics {} are missing.", some_of(missing)));
      return std::move(out_);
    }
    if (const auto ok = count_repartition(); !ok) return std::unexpected(ok.error());
    if (!copartition()) return std::move(out_);
    if (const auto ok = count_tasks(); !ok) return std::unexpected(ok.error());
    look_for_internal();
    return std::move(out_);
  }

 private:
  void trouble(streams_status status, std::string detail) {
    out_.trouble = streams_note{status, std::move(detail)};
  }

  std::set<text> missing_sources() {
    std::set<text> out;
    for (const auto& s : topology_.subtopologies) {
      for (const auto& name : s.sources) {
        if (const auto topic = topics_.find(name.view())) {
          counts_[name] = topic->partitions;
        } else {
          out.insert(name);
        }
      }
    }
    return out;
  }

  // The most partitions among the sources, all of whose counts are known.
  [[nodiscard]] std::int32_t widest_source(const subtopology& s) const {
    std::int32_t most = 0;
    for (const auto& name : s.sources) most = std::max(most, counts_.at(name));
    for (const auto& t : s.repartition_sources) most = std::max(most, counts_.at(t.name));
    return most;
  }

  // From the sources on, as data flows: a topic's count is known once those of all that is written
  // to it are.
  std::expected<void, group_error> count_repartition() {
    using place = const subtopology*;
    std::map<text, std::size_t> unknown_writers;  // of topics whose count is open
    std::map<text, std::vector<place>> readers;
    std::map<place, std::size_t> unknown_sources;
    for (const auto& s : topology_.subtopologies) {
      for (const auto& t : s.repartition_sources) {
        if (t.partitions > 0) {
          counts_[t.name] = t.partitions;
          fixed_.insert(t.name);
        } else if (!counts_.contains(t.name)) {
          unknown_writers[t.name] = 0;
          readers[t.name].push_back(&s);
          ++unknown_sources[&s];
        }
      }
    }
    for (const auto& s : topology_.subtopologies) {
      for (const auto& sink : s.repartition_sinks) {
        if (const auto at = unknown_writers.find(sink); at != unknown_writers.end()) ++at->second;
      }
    }
    if (std::ranges::any_of(unknown_writers, [](const auto& one) { return one.second == 0; })) {
      return std::unexpected(
          invalid("Failed to compute number of partitions for all repartition topics, because a "
                  "repartition source topic is never used as a sink topic."));
    }
    std::vector<place> known;
    for (const auto& s : topology_.subtopologies) {
      if (!unknown_sources.contains(&s)) known.push_back(&s);
    }
    std::map<text, std::int32_t> widest;  // written to it, so far
    while (!known.empty()) {
      const auto* s = known.back();
      known.pop_back();
      const auto count = widest_source(*s);
      for (const auto& sink : s->repartition_sinks) {
        const auto open = unknown_writers.find(sink);
        if (open == unknown_writers.end()) continue;
        widest[sink] = std::max(widest[sink], count);
        if (--open->second > 0) continue;
        unknown_writers.erase(open);
        counts_[sink] = widest[sink];
        for (const auto* reader : readers[sink]) {
          if (--unknown_sources[reader] == 0) known.push_back(reader);
        }
      }
    }
    if (unknown_writers.empty()) return {};
    return std::unexpected(
        invalid("Failed to compute number of partitions for all repartition topics. There may be "
                "loops in the topology that cannot be resolved."));
  }

  // False: there is trouble.
  bool copartition() {
    for (const auto& s : topology_.subtopologies) {
      for (const auto& g : s.copartition_groups) {
        if (!copartition(s, g)) return false;
      }
    }
    return true;
  }

  bool copartition(const subtopology& s, const copartition_group& g) {
    std::map<text, std::int32_t> sources;
    for (const auto* name : at_places(s.sources, g.sources)) sources[*name] = counts_[*name];
    std::map<text, std::int32_t> fixed;
    std::int32_t count = 0;
    const auto repartition = at_places(s.repartition_sources, g.repartition_sources);
    for (const auto* t : repartition) {
      if (fixed_.contains(t->name)) fixed[t->name] = counts_[t->name];
      count = std::max(count, counts_[t->name]);
    }
    // All that can't be changed must agree; the others do as they do.
    const auto& leading = sources.empty() ? fixed : sources;
    if (!leading.empty()) count = leading.begin()->second;
    const auto differs = [&](const auto& one) { return one.second != count; };
    if (std::ranges::any_of(leading, differs)) {
      std::vector<std::string> all;
      all.reserve(leading.size());
      for (const auto& [name, n] : leading) all.push_back(fmt::format("{}={}", name, n));
      trouble(streams_status::incorrectly_partitioned_topics,
              fmt::format("Following topics do not have the same number of partitions: [{{{}}}]",
                          fmt::join(all, ", ")));
      return false;
    }
    if (const auto other = std::ranges::find_if(fixed, differs); other != fixed.end()) {
      trouble(streams_status::incorrectly_partitioned_topics,
              fmt::format("Number of partitions [{}] of repartition topic [{}] doesn't match "
                          "number of partitions [{}] of the source topic.",
                          other->second, other->first, count));
      return false;
    }
    for (const auto* t : repartition) counts_[t->name] = count;
    return true;
  }

  std::expected<void, group_error> count_tasks() {
    for (const auto& s : topology_.subtopologies) {
      if (s.sources.empty() && s.repartition_sources.empty()) {
        return std::unexpected(
            invalid(fmt::format("No source topics found for subtopology {}", s.id)));
      }
      const auto count = widest_source(s);
      out_.tasks[s.id] = count;
      for (const auto& t : s.repartition_sources) out_.internal[t.name] = counts_[t.name];
      for (const auto& t : s.changelogs) {
        // A source can be its own changelog.
        if (!counts_.contains(t.name)) out_.internal[t.name] = count;
      }
    }
    return {};
  }

  void look_for_internal() {
    std::vector<text> names;
    std::set<text> seen;
    for (const auto& s : topology_.subtopologies) {
      for (const auto* list : {&s.repartition_sources, &s.changelogs}) {
        for (const auto& t : *list) {
          const auto wanted = out_.internal.find(t.name);
          if (wanted == out_.internal.end() || !seen.insert(t.name).second) continue;
          if (!take(t, wanted->second)) return;
        }
      }
    }
    if (out_.missing.empty()) return;
    names.reserve(out_.missing.size());
    for (const auto& t : out_.missing) names.push_back(t.name);
    trouble(streams_status::missing_internal_topics,
            fmt::format("Internal topics are missing: {}", some_of(names)));
  }

  // False: it is there and can't be used.
  bool take(const internal_topic& t, std::int32_t wanted) {
    const auto there = topics_.find(t.name.view());
    if (!there) {
      out_.missing.push_back(t);
      out_.missing.back().partitions = wanted;
      return true;
    }
    if (there->partitions == wanted) return true;
    out_.missing.clear();
    trouble(streams_status::incorrectly_partitioned_topics,
            fmt::format("Existing topic {} has different number of partitions: expected {}, found "
                        "{}",
                        t.name, wanted, there->partitions));
    return false;
  }

  const streams_topology& topology_;
  const topic_view& topics_;
  configured_topology out_;
  std::map<text, std::int32_t> counts_;  // of sources and of data shared out anew
  std::set<text> fixed_;                 // whose counts the application says
};

}  // namespace

std::expected<configured_topology, group_error> configured(const streams_topology& topology,
                                                           const topic_view& topics) {
  return configuration(topology, topics).result();
}

}  // namespace weir::group
