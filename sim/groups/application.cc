#include "sim/groups/application.h"

#include <algorithm>

namespace weir::sim::groups {

std::vector<std::string> application::part::read_topics() const {
  auto out = sources;
  if (!reads.empty()) out.push_back(reads);
  return out;
}

application application::draw(random& chance, const std::string& group,
                              const std::set<std::string>& topics, std::int64_t partitions_max) {
  application out;
  const auto count = chance.between(1, 3);
  for (std::int64_t i = 0; i < count; ++i) {
    auto& p = out.parts_.emplace_back();
    p.id = fmt::format("{}", i);
    if (i > 0) p.reads = fmt::format("{}-shared{}", group, i);
    if (i > 0 && chance.chance(300'000))
      p.reads_partitions = static_cast<std::int32_t>(chance.between(1, partitions_max));
    if (i + 1 < count) p.writes = fmt::format("{}-shared{}", group, i + 1);
    if (chance.chance(600'000)) p.changelog = fmt::format("{}-state{}", group, i);
  }
  for (const auto& t : topics) {
    auto& first = out.parts_.front();
    (first.sources.empty() ? first : out.parts_[chance.below(out.parts_.size())])
        .sources.push_back(t);
  }
  auto& last = out.parts_.back();
  last.copartitioned = count > 1 && last.sources.size() == 1 && last.reads_partitions == 0;
  return out;
}

const application::part* application::find(const std::string& id) const {
  const auto at = std::ranges::find(parts_, id, &part::id);
  return at == parts_.end() ? nullptr : &*at;
}

kafka::streams_group_heartbeat_request::topology_info application::topology() const {
  kafka::streams_group_heartbeat_request::topology_info out;
  for (const auto& p : parts_) {
    auto& to = out.subtopologies.emplace_back();
    to.subtopology_id = text::copy(p.id);
    for (const auto& s : p.sources) to.source_topics.push_back(text::copy(s));
    if (!p.writes.empty()) to.repartition_sink_topics.push_back(text::copy(p.writes));
    if (!p.reads.empty()) {
      auto& t = to.repartition_source_topics.emplace_back();
      t.name = text::copy(p.reads);
      t.partitions = p.reads_partitions;
    }
    if (!p.changelog.empty())
      to.state_changelog_topics.emplace_back().name = text::copy(p.changelog);
    if (!p.copartitioned) continue;
    auto& g = to.copartition_groups.emplace_back();
    g.source_topics.push_back(0);
    g.repartition_source_topics.push_back(0);
  }
  return out;
}

std::set<std::string> application::sources() const {
  std::set<std::string> out;
  for (const auto& p : parts_) out.insert(p.sources.begin(), p.sources.end());
  return out;
}

std::set<std::string> application::internal() const {
  std::set<std::string> out;
  for (const auto& p : parts_) {
    if (!p.reads.empty()) out.insert(p.reads);
    if (!p.changelog.empty()) out.insert(p.changelog);
  }
  return out;
}

// Parts are in the order in which data flows.
application::outcome application::with(const topics& there) const {
  outcome out;
  for (const auto& name : sources()) {
    if (!there.find(name)) out.missing_sources.insert(name);
  }
  if (!out.missing_sources.empty()) return out;
  std::int32_t written = 0;  // as many partitions the part before has
  for (const auto& p : parts_) {
    std::int32_t widest = 0;
    for (const auto& s : p.sources) widest = std::max(widest, there.find(s)->partitions);
    if (!p.reads.empty()) {
      const auto follows = p.copartitioned ? widest : written;
      const auto count = p.reads_partitions > 0 ? p.reads_partitions : follows;
      out.internal[p.reads] = count;
      widest = std::max(widest, count);
    }
    if (!p.changelog.empty()) out.internal[p.changelog] = widest;
    out.tasks[p.id] = widest;
    written = widest;
  }
  for (const auto& [name, count] : out.internal) {
    const auto topic = there.find(name);
    if (!topic) out.missing.insert(name);
    if (topic && topic->partitions != count) out.unfit.insert(name);
  }
  return out;
}

}  // namespace weir::sim::groups
