#pragma once
// What a streams application is made of, as its members tell (KIP-1071), and what becomes of it
// with the topics that there are: how many tasks each subtopology has, and which internal topics
// have to be made with how many partitions.
#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/base/text.h"
#include "core/group/group_error.h"
#include "core/group/topics.h"

namespace weir::group {

// A topic that belongs to the application: a changelog of its state, or data shared out anew.
struct internal_topic {
  text name;
  std::int32_t partitions = 0;          // 0: follows from the sources
  std::int16_t replication_factor = 0;  // 0: the cluster's
  std::vector<std::pair<text, text>> configs;
  bool operator==(const internal_topic&) const = default;
};

// Sources that must have equally many partitions: places in the subtopology's lists.
struct copartition_group {
  std::vector<std::int16_t> sources;
  std::vector<std::int16_t> source_regexes;
  std::vector<std::int16_t> repartition_sources;
  bool operator==(const copartition_group&) const = default;
};

struct subtopology {
  text id;
  std::vector<text> sources;
  std::vector<text> source_regexes;
  std::vector<internal_topic> changelogs;
  std::vector<text> repartition_sinks;
  std::vector<internal_topic> repartition_sources;
  std::vector<copartition_group> copartition_groups;
  bool operator==(const subtopology&) const = default;

  [[nodiscard]] bool has_state() const { return !changelogs.empty(); }
};

struct streams_topology {
  std::int32_t epoch = 0;
  std::vector<subtopology> subtopologies;
  bool operator==(const streams_topology&) const = default;

  // All topics whose partition counts matter.
  [[nodiscard]] std::set<text> topics() const;
  [[nodiscard]] std::size_t memory_bytes() const;  // roughly
};

// With texts of its own: those of requests and of stored batches are shares of larger memory.
streams_topology kept(const streams_topology& from);

// The codes that members know.
enum class streams_status : std::int8_t {
  stale_topology = 0,
  missing_source_topics = 1,
  incorrectly_partitioned_topics = 2,
  missing_internal_topics = 3,
  shutdown_application = 4,
  assignment_delayed = 5
};
struct streams_note {
  streams_status status;
  std::string detail;
  bool operator==(const streams_note&) const = default;
};

struct configured_topology {
  std::optional<streams_note> trouble;  // nothing: the application can run
  // By subtopology; empty in some kinds of trouble.
  std::map<text, std::int32_t> tasks;
  // Partition counts of internal topics, as they are to be.
  std::map<text, std::int32_t> internal;
  std::vector<internal_topic> missing;  // to be made, with their partition counts

  [[nodiscard]] bool is_ready() const { return !trouble; }
};

// An error: no topics can make this topology run.
std::expected<configured_topology, group_error> configured(const streams_topology& topology,
                                                           const topic_view& topics);

// Between messages or records and the above; all of them name the fields alike.
template <typename Topic>
internal_topic internal_topic_from(const Topic& from) {
  internal_topic out{from.name, from.partitions, from.replication_factor, {}};
  for (const auto& c : from.topic_configs) out.configs.emplace_back(c.key, c.value);
  return out;
}
template <typename Topology>
streams_topology topology_from(const Topology& from) {
  streams_topology out;
  out.epoch = from.epoch;
  for (const auto& s : from.subtopologies) {
    auto& to = out.subtopologies.emplace_back();
    to.id = s.subtopology_id;
    to.sources = {s.source_topics.begin(), s.source_topics.end()};
    to.source_regexes = {s.source_topic_regex.begin(), s.source_topic_regex.end()};
    for (const auto& t : s.state_changelog_topics) to.changelogs.push_back(internal_topic_from(t));
    to.repartition_sinks = {s.repartition_sink_topics.begin(), s.repartition_sink_topics.end()};
    for (const auto& t : s.repartition_source_topics) {
      to.repartition_sources.push_back(internal_topic_from(t));
    }
    for (const auto& g : s.copartition_groups) {
      to.copartition_groups.push_back(
          {{g.source_topics.begin(), g.source_topics.end()},
           {g.source_topic_regex.begin(), g.source_topic_regex.end()},
           {g.repartition_source_topics.begin(), g.repartition_source_topics.end()}});
    }
  }
  return out;
}

template <typename List>
void put_internal_topics(const std::vector<internal_topic>& from, List& to) {
  for (const auto& topic : from) {
    auto& t = to.emplace_back();
    t.name = topic.name;
    t.partitions = topic.partitions;
    t.replication_factor = topic.replication_factor;
    for (const auto& [key, value] : topic.configs) t.topic_configs.push_back({key, value});
  }
}

}  // namespace weir::group
