// Where a share group is, is put, or is no more: what the share coordinators are to be asked for.
#include <algorithm>

#include "core/group/share_step.h"

namespace weir::group {

using kafka::error_code;

share_plan share_step::plan(const share_plan_request& r) {
  share_plan out;
  if (r.wish == share_wish::tell) {
    out.state_epoch = state().epoch().epoch;
    for (const auto& [id, t] : group_.partitions_.initialized) {
      out.topics.push_back({.name = t.name, .id = id, .partitions = t.partitions});
    }
    return out;
  }
  if (!group_.empty()) {
    out.error = error_code::non_empty_group;
    out.error_message = "The group is not empty.";
    return out;
  }
  return r.wish == share_wish::place ? place(r) : forget(r);
}

topic_partitions share_step::partitions_of(const uuid& topic, const text& name) const {
  topic_partitions out;
  const auto known = scene_.topics.find(name.view());
  if (!known || known->id != topic) return out;
  topic_partitions::partition_list all;
  for (std::int32_t p = 0; p < known->partitions; ++p) all.push_back(p);
  out.add(topic, all);
  return out;
}

// The epoch of the new state is one that no leader of a partition has heard of: what it still has
// to say about the old state is refused.
share_plan share_step::place(const share_plan_request& r) {
  share_plan out;
  begin_epoch();
  out.state_epoch = state().epoch().epoch;
  auto known = group_.partitions_;
  for (const auto& asked : r.topics) {
    auto& to = out.topics.emplace_back();
    to.name = asked.name;
    const auto topic = scene_.topics.find(asked.name.view());
    if (!topic) {
      to.error = error_code::unknown_topic_or_partition;
      continue;
    }
    to.id = topic->id;
    topic_partitions wanted, fresh;
    for (const auto p : asked.partitions) {
      if (p >= 0 && p < topic->partitions) wanted.add({topic->id, p});
    }
    if (wanted.empty()) continue;
    to.partitions = wanted.topics().at(topic->id);
    const auto there = known.initialized.find(topic->id);
    for (const auto p : to.partitions) {
      const bool has = there != known.initialized.end() &&
                       std::ranges::binary_search(there->second.partitions, p);
      if (!has) fresh.add({topic->id, p});
    }
    known.deleting.erase(topic->id);
    if (fresh.empty()) continue;
    auto& initializing = known.initializing[topic->id];
    initializing.name = asked.name;
    fresh.add(topic->id, initializing.partitions);
    initializing.partitions = fresh.topics().at(topic->id);
  }
  if (known != group_.partitions_) put(share_partitions_record{std::move(known)});
  return out;
}

share_plan share_step::forget(const share_plan_request& r) {
  share_plan out;
  out.state_epoch = state().epoch().epoch;
  auto known = group_.partitions_;
  const auto one = [&](const uuid& id, const text& name) {
    known.initialized.erase(id);
    known.initializing.erase(id);
    known.deleting.insert_or_assign(id, name);
    const auto all = partitions_of(id, name);
    auto& to = out.topics.emplace_back(share_plan::topic{.name = name, .id = id});
    if (!all.empty()) to.partitions = all.topics().at(id);
  };
  if (r.wish == share_wish::forget_group) {
    auto all = known.deleting;
    for (const auto* in : {&group_.partitions_.initialized, &group_.partitions_.initializing}) {
      for (const auto& [id, t] : *in) all.insert_or_assign(id, t.name);
    }
    for (const auto& [id, name] : all) one(id, name);
  }
  for (const auto& asked : r.topics) {
    const auto topic = scene_.topics.find(asked.name.view());
    const bool has =
        topic && (known.initialized.contains(topic->id) || known.initializing.contains(topic->id) ||
                  known.deleting.contains(topic->id));
    if (has) {
      one(topic->id, asked.name);
      continue;
    }
    auto& to = out.topics.emplace_back(share_plan::topic{.name = asked.name});
    to.error = error_code::unknown_topic_or_partition;
    if (topic) to.error_message = "There is no offset information to delete.";
  }
  if (known != group_.partitions_) put(share_partitions_record{std::move(known)});
  return out;
}

void share_step::forgotten(std::span<const uuid> topics) {
  auto known = group_.partitions_;
  for (const auto& id : topics) known.deleting.erase(id);
  if (known != group_.partitions_) put(share_partitions_record{std::move(known)});
}

}  // namespace weir::group
