// OffsetFetch, of one group (until version 7) or several.
#include "core/group/coordinator_parts.h"

namespace weir::group {

using kafka::error_code;

namespace {

using fetched_group = kafka::offset_fetch_response::group;
using fetched_topic = kafka::offset_fetch_response::topic;
using fetched_partition = kafka::offset_fetch_response::partition;
using asked_topics = std::optional<chunked_vector<kafka::offset_fetch_request::topic>>;

// From this version on several groups are asked for.
constexpr std::int16_t first_with_groups = 8;

fetched_partition nothing_committed(std::int32_t partition, error_code why = error_code::none) {
  return {partition, no_offset.value(), -1, text(), why};
}

fetched_partition fetched(std::int32_t partition, const committed_offset& o) {
  return {partition, o.at.value(), o.leader_epoch, text::copy(o.metadata), error_code::none};
}

// One question of a group to the store.
struct fetch {
  const offset_store& offsets;
  const topic_view& topics;
  std::string_view group;
  bool stable;  // what a transaction may change soon is not to be told

  [[nodiscard]] fetched_partition one(std::string_view topic, const uuid& topic_id,
                                      std::int32_t partition) const {
    if (stable && offsets.is_pending(group, topic, partition)) {
      return nothing_committed(partition, error_code::unstable_offset_commit);
    }
    const auto* o = offsets.find(group, topic, partition);
    // What was committed for a topic that is gone is nothing to another one with its name.
    if (!o || (!o->topic_id.is_zero() && !topic_id.is_zero() && o->topic_id != topic_id)) {
      return nothing_committed(partition);
    }
    return fetched(partition, *o);
  }

  void asked(const asked_topics& wanted, fetched_group& to) const {
    for (const auto& t : *wanted) {
      auto& topic = to.topics.emplace_back();
      topic.name = t.name;
      topic.topic_id = t.topic_id;
      topic.partitions.reserve(t.partition_indexes.size());
      for (const auto p : t.partition_indexes) {
        topic.partitions.push_back(one(t.name, t.topic_id, p));
      }
    }
  }

  void all(fetched_group& to) const {
    const auto* committed = offsets.find(group);
    if (!committed) return;
    for (const auto& [name, partitions] : *committed) {
      auto& topic = to.topics.emplace_back();
      topic.name = text::copy(name);
      if (const auto known = topics.find(name)) topic.topic_id = known->id;
      for (const auto& [p, o] : partitions) {
        topic.partitions.push_back(one(name, topic.topic_id, p));
      }
    }
  }
};

asked_topics topics_of(const kafka::offset_fetch_request& r) {
  if (!r.topics) return std::nullopt;
  asked_topics all(std::in_place);
  all->reserve(r.topics->size());
  for (const auto& t : *r.topics) {
    auto& to = all->emplace_back();
    to.name = t.name;
    to.partition_indexes = t.partition_indexes;
  }
  return all;
}

void put_single(const fetched_group& g, kafka::offset_fetch_response& a) {
  a.error = g.error;
  for (const auto& t : g.topics) {
    auto& to = a.topics.emplace_back();
    to.name = t.name;
    for (const auto& p : t.partitions) {
      to.partitions.push_back(
          {p.partition_index, p.committed_offset, p.committed_leader_epoch, p.metadata, p.error});
    }
  }
}

}  // namespace

// A group that isn't there has committed nothing; that is no error.
void coordinator::parts::on(const kafka::offset_fetch_request& r, const request_context& c,
                            output& out) {
  const auto answer_for = [&](const text& id, const asked_topics& wanted, error_code why) {
    fetched_group g;
    g.group_id = id;
    g.error = why;
    if (why != error_code::none) return g;
    const fetch from{offsets, topics, id, r.require_stable && !broken.tells_unstable};
    if (wanted) {
      from.asked(wanted, g);
    } else {
      from.all(g);
    }
    return g;
  };
  kafka::offset_fetch_response a;
  if (c.api_version < first_with_groups) {
    put_single(answer_for(r.group_id, topics_of(r), error_code::none), a);
  } else {
    for (const auto& g : r.groups) {
      const auto why = may_fetch(g.group_id, g.member_id, g.member_epoch);
      a.groups.push_back(answer_for(g.group_id, g.topics, why));
    }
  }
  out.answer_to(c.ticket, std::move(a));
}

}  // namespace weir::group
