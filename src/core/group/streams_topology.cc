#include "core/group/streams_topology.h"

#include "core/group/kept.h"

namespace weir::group {
namespace {

using group::kept;

std::vector<text> kept(const std::vector<text>& from) {
  std::vector<text> out;
  out.reserve(from.size());
  for (const auto& t : from) out.push_back(kept(t));
  return out;
}
std::vector<internal_topic> kept(const std::vector<internal_topic>& from) {
  auto out = from;
  for (auto& topic : out) {
    topic.name = kept(topic.name);
    for (auto& [key, value] : topic.configs) key = kept(key), value = kept(value);
  }
  return out;
}

// Roughly what things take with all that is kept of them.
constexpr std::size_t topic_bytes = 128;
constexpr std::size_t subtopology_bytes = 512;

std::size_t bytes_of(const std::vector<internal_topic>& topics) {
  std::size_t n = 0;
  for (const auto& t : topics) {
    n += topic_bytes + t.name.size();
    for (const auto& [key, value] : t.configs) n += topic_bytes + key.size() + value.size();
  }
  return n;
}

std::size_t bytes_of(const std::vector<text>& names) {
  std::size_t n = 0;
  for (const auto& name : names) n += topic_bytes + name.size();
  return n;
}

}  // namespace

std::set<text> streams_topology::topics() const {
  std::set<text> out;
  for (const auto& s : subtopologies) {
    out.insert(s.sources.begin(), s.sources.end());
    for (const auto& t : s.repartition_sources) out.insert(t.name);
    for (const auto& t : s.changelogs) out.insert(t.name);
  }
  return out;
}

std::size_t streams_topology::memory_bytes() const {
  std::size_t n = 0;
  for (const auto& s : subtopologies) {
    n += subtopology_bytes + s.id.size() + bytes_of(s.sources) + bytes_of(s.source_regexes) +
         bytes_of(s.repartition_sinks) + bytes_of(s.changelogs) + bytes_of(s.repartition_sources);
    for (const auto& g : s.copartition_groups) {
      n += topic_bytes + sizeof(std::int16_t) * (g.sources.size() + g.source_regexes.size() +
                                                 g.repartition_sources.size());
    }
  }
  return n;
}

streams_topology kept(const streams_topology& from) {
  auto out = from;
  for (auto& s : out.subtopologies) {
    s.id = kept(s.id);
    s.sources = kept(s.sources);
    s.source_regexes = kept(s.source_regexes);
    s.changelogs = kept(s.changelogs);
    s.repartition_sinks = kept(s.repartition_sinks);
    s.repartition_sources = kept(s.repartition_sources);
  }
  return out;
}

}  // namespace weir::group
