#include "core/group/consumer_target.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

namespace weir::group {
namespace {

// The finaliser of splitmix64.
std::uint64_t mixed(std::uint64_t v) {
  v = (v ^ (v >> 30)) * 0xbf58476d1ce4e5b9U;
  v = (v ^ (v >> 27)) * 0x94d049bb133111ebU;
  return v ^ (v >> 31);
}

using topic_places = std::unordered_map<std::string_view, std::uint32_t>;

std::vector<std::uint32_t> places_of(const member_metadata& m, const consumer_state& state,
                                     const topic_places& places) {
  std::vector<std::uint32_t> out;
  const auto add = [&](const std::set<text>& names) {
    for (const auto& name : names) {
      if (const auto at = places.find(name.view()); at != places.end()) out.push_back(at->second);
    }
  };
  add(m.topic_names);
  if (m.topic_regex.empty()) return out;
  if (const auto* regex = state.resolved(m.topic_regex)) add(regex->topics);
  std::ranges::sort(out);
  const auto twice = std::ranges::unique(out);
  out.erase(twice.begin(), twice.end());
  return out;
}

}  // namespace

std::set<text> subscribed_topics(const consumer_state& state) {
  std::set<text> out;
  for (const auto& [name, members] : state.names_wanted()) out.insert(out.end(), name);
  for (const auto& [pattern, members] : state.regexes_wanted()) {
    if (const auto* regex = state.resolved(pattern)) {
      out.insert(regex->topics.begin(), regex->topics.end());
    }
  }
  return out;
}

std::int64_t metadata_hash(const std::set<text>& names, const topic_view& topics) {
  std::uint64_t hash = 0;
  for (const auto& name : names) {
    const auto topic = topics.find(name.view());
    if (!topic) continue;
    for (const auto part :
         {topic->id.high, topic->id.low, static_cast<std::uint64_t>(topic->partitions)}) {
      hash = mixed(hash + 0x9e3779b97f4a7c15U + part);
    }
  }
  return static_cast<std::int64_t>(hash);
}

assignor preferred_assignor(const consumer_state& state, const consumer_settings& settings) {
  auto best = settings.assignors.front();
  std::uint32_t votes = 0;
  for (const auto which : settings.assignors) {
    const auto at = state.assignors_wanted().find(text::unowned(name_of(which)));
    if (at == state.assignors_wanted().end() || at->second <= votes) continue;
    best = which;
    votes = at->second;
  }
  return best;
}

std::vector<consumer_record> new_target(const consumer_state& state, const topic_view& topics,
                                        assignor by, std::int64_t wall_ms, std::uint64_t& work) {
  const auto names = subscribed_topics(state);
  assignment_input in;
  topic_places places;
  for (const auto& name : names) {
    const auto topic = topics.find(name.view());
    if (!topic) continue;
    places.emplace(name.view(), static_cast<std::uint32_t>(in.topics.size()));
    in.topics.push_back({topic->id, topic->partitions});
  }
  in.members.reserve(state.members().size());
  for (const auto& [id, member] : state.members()) {
    auto& to = in.members.emplace_back();
    to.member_id = id.view();
    if (member.metadata.instance_id) to.instance_id = member.metadata.instance_id->view();
    to.topics = places_of(member.metadata, state, places);
    to.before = state.target_of(id);
  }
  work += names.size() + in.members.size();

  auto shares = assign(by, in, work);
  std::vector<consumer_record> out;
  auto share = shares.begin();
  for (const auto& [id, member] : state.members()) {
    const auto* before = state.target_of(id);
    const bool same = before ? *before == *share : share->empty();
    if (!same) out.emplace_back(target_record{id, std::move(*share)});
    ++share;
  }
  out.emplace_back(target_epoch_record{target_epoch{state.epoch().epoch, wall_ms}});
  return out;
}

}  // namespace weir::group
