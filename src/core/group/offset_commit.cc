// OffsetCommit and TxnOffsetCommit.
#include <algorithm>
#include <utility>

#include "core/group/coordinator_parts.h"

namespace weir::group {

using kafka::error_code;

namespace {

// Versions of the value: the newest without tagged fields, the one with a topic's id, and the one
// that has a time of expiry, and nothing else that came later.
constexpr std::int16_t plain_version = 3;
constexpr std::int16_t version_with_topic_id = 4;
constexpr std::int16_t version_with_expiry = 1;

// A client's wish for longer than this is one for ever; it keeps the sum with a time from running
// over.
constexpr std::int64_t retention_ms_max = std::int64_t{1} << 60;

std::int16_t version_for(logged::offset_commit_value& value) {
  if (value.expire_timestamp != no_timestamp.value()) {
    value.leader_epoch = -1;
    value.topic_id = uuid();
    return version_with_expiry;
  }
  return value.topic_id.is_zero() ? plain_version : version_with_topic_id;
}

template <typename Partition>
logged::offset_commit_value value_of(const Partition& p, const uuid& topic_id, moment now) {
  logged::offset_commit_value v;
  v.offset = p.committed_offset;
  v.leader_epoch = p.committed_leader_epoch;
  if (p.committed_metadata) v.metadata = *p.committed_metadata;
  v.commit_timestamp = now.wall.value();
  v.topic_id = topic_id;
  return v;
}

template <typename Partition>
bool says_too_much(const Partition& p, const group_settings& settings) {
  return p.committed_metadata &&
         std::cmp_greater(p.committed_metadata->size(), settings.offset_metadata_bytes_max);
}

// A topic that isn't known has no id: nobody was assigned its partitions.
template <typename Topics>
std::vector<partition_key> keys_of(const Topics& asked, const topic_view& topics) {
  std::vector<partition_key> keys;
  for (const auto& t : asked) {
    uuid id;
    if constexpr (requires { t.topic_id; }) id = t.topic_id;
    if (id.is_zero()) {
      if (const auto known = topics.find(t.name)) id = known->id;
    }
    for (const auto& p : t.partitions) keys.push_back({id, p.partition_index});
  }
  return keys;
}

// `commit` for each partition of a request, and what it says of it.
template <typename Answer, typename Topics, typename Commit>
Answer for_each_partition(const Topics& topics, Commit commit) {
  Answer a;
  a.topics.reserve(topics.size());
  for (const auto& topic : topics) {
    auto& to = a.topics.emplace_back();
    to.name = topic.name;
    if constexpr (requires { to.topic_id; }) to.topic_id = topic.topic_id;
    to.partitions.reserve(topic.partitions.size());
    for (const auto& p : topic.partitions) {
      to.partitions.push_back({p.partition_index, commit(topic, p)});
    }
  }
  return a;
}

}  // namespace

void coordinator::parts::put_offset(std::string_view group, std::string_view topic,
                                    std::int32_t partition, logged::offset_commit_value value,
                                    const std::optional<transaction_of>& transaction, output& out) {
  const logged::offset_commit_key key{text::copy(group), text::copy(topic), partition};
  const auto version = version_for(value);
  out.put(key, value, version, transaction);
  offsets.apply(key, &value, transaction);
}

void coordinator::parts::offsets_changed(std::string_view group) {
  // It is there anyway.
  if (consumers.find(text::unowned(group)) || streams.find(text::unowned(group))) return;
  classic.keep_for_offsets(group, offsets.find(group) || offsets.is_pending(group));
}

template <typename Topics>
error_code coordinator::parts::may_commit_to(const committer& by, const Topics& asked) const {
  const auto* g = streams.find(text::unowned(by.group));
  if (!g) return may_commit(by, keys_of(asked, topics));
  if (broken.commits_tasks_in_any_epoch && g->stored().find(by.member_id)) return error_code::none;
  const auto ok = g->may_commit({by.member_id, by.epoch, by.api_version, by.transactional}, asked);
  return ok ? error_code::none : ok.error().code;
}

void coordinator::parts::on(const kafka::offset_commit_request& r, const request_context& c,
                            output& out) {
  const auto why = may_commit_to({r.group_id, r.member_id, r.group_instance_id,
                                  r.generation_id_or_member_epoch, c.api_version},
                                 r.topics);
  if (why != error_code::none) {
    out.answer_to(c.ticket, refusal(r, c.api_version, why));
    return;
  }
  const bool full = is_full();
  const auto commit = [&](const auto& topic, const auto& p) {
    if (says_too_much(p, settings)) return error_code::offset_metadata_too_large;
    if (full && !offsets.find(r.group_id, topic.name, p.partition_index)) {
      return error_code::coordinator_load_in_progress;
    }
    auto value = value_of(p, topic.topic_id, c.now);
    if (r.retention_time_ms >= 0) {
      value.expire_timestamp = c.now.wall.value() + std::min(r.retention_time_ms, retention_ms_max);
    }
    put_offset(r.group_id, topic.name, p.partition_index, std::move(value), {}, out);
    return error_code::none;
  };
  auto a = for_each_partition<kafka::offset_commit_response>(r.topics, commit);
  offsets_changed(r.group_id);
  classic.committed(r.group_id, r.member_id, c.now);
  out.answer_to(c.ticket, std::move(a));
}

void coordinator::parts::on(const kafka::txn_offset_commit_request& r, const request_context& c,
                            output& out) {
  auto why = r.group_id.empty() ? error_code::invalid_group_id
                                : may_commit_to({r.group_id, r.member_id, r.group_instance_id,
                                                 r.generation_id, c.api_version, true},
                                                r.topics);
  // Producers know generations alone.
  if (why == error_code::stale_member_epoch) why = error_code::illegal_generation;
  if (why != error_code::none) {
    out.answer_to(c.ticket, refusal(r, c.api_version, why));
    return;
  }
  const transaction_of transaction{producer_id(r.producer_id), producer_epoch(r.producer_epoch)};
  const bool full = is_full();
  const auto commit = [&](const auto& topic, const auto& p) {
    if (says_too_much(p, settings)) return error_code::offset_metadata_too_large;
    if (full) return error_code::coordinator_load_in_progress;
    put_offset(r.group_id, topic.name, p.partition_index, value_of(p, uuid(), c.now), transaction,
               out);
    return error_code::none;
  };
  auto a = for_each_partition<kafka::txn_offset_commit_response>(r.topics, commit);
  offsets_changed(r.group_id);
  out.answer_to(c.ticket, std::move(a));
}

}  // namespace weir::group
