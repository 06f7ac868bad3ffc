#include "core/group/classic_groups.h"
#include "core/group/request.h"

namespace weir::group {

namespace {

struct refuse {
  std::int16_t version;
  kafka::error_code why;

  template <typename Answer, typename Topics>
  [[nodiscard]] Answer partitions(const Topics& topics) const {
    Answer a;
    a.topics.reserve(topics.size());
    for (const auto& t : topics) {
      auto& to = a.topics.emplace_back();
      to.name = t.name;
      if constexpr (requires { to.topic_id; }) to.topic_id = t.topic_id;
      to.partitions.reserve(t.partitions.size());
      for (const auto& p : t.partitions) to.partitions.push_back({p.partition_index, why});
    }
    return a;
  }
  template <typename Answer>
  [[nodiscard]] Answer whole() const {
    Answer a;
    a.error = why;
    return a;
  }

  answer operator()(const kafka::join_group_request& r) const {
    return join_refusal(version, why, r.member_id);
  }
  answer operator()(const kafka::sync_group_request&) const { return sync_refusal(why); }
  answer operator()(const kafka::heartbeat_request&) const {
    return whole<kafka::heartbeat_response>();
  }
  answer operator()(const kafka::leave_group_request&) const {
    return whole<kafka::leave_group_response>();
  }
  answer operator()(const kafka::offset_commit_request& r) const {
    return partitions<kafka::offset_commit_response>(r.topics);
  }
  answer operator()(const kafka::txn_offset_commit_request& r) const {
    return partitions<kafka::txn_offset_commit_response>(r.topics);
  }
  answer operator()(const kafka::offset_fetch_request& r) const {
    kafka::offset_fetch_response a;
    constexpr std::int16_t first_with_groups = 8;
    if (version >= first_with_groups) {
      for (const auto& g : r.groups) {
        auto& to = a.groups.emplace_back();
        to.group_id = g.group_id;
        to.error = why;
      }
      return a;
    }
    // The first versions have errors in partitions only.
    constexpr std::int16_t first_with_error = 2;
    a.error = why;
    if (version >= first_with_error || !r.topics) return a;
    for (const auto& t : *r.topics) {
      auto& to = a.topics.emplace_back();
      to.name = t.name;
      for (const auto p : t.partition_indexes) to.partitions.push_back({p, -1, -1, text(), why});
    }
    return a;
  }
  answer operator()(const kafka::describe_groups_request& r) const {
    kafka::describe_groups_response a;
    for (const auto& id : r.groups) {
      auto& to = a.groups.emplace_back();
      to.error = why;
      to.group_id = id;
    }
    return a;
  }
  answer operator()(const kafka::list_groups_request&) const {
    return whole<kafka::list_groups_response>();
  }
  answer operator()(const kafka::delete_groups_request& r) const {
    kafka::delete_groups_response a;
    for (const auto& id : r.groups_names) a.results.push_back({id, why});
    return a;
  }
  answer operator()(const kafka::offset_delete_request&) const {
    return whole<kafka::offset_delete_response>();
  }
  answer operator()(const kafka::consumer_group_heartbeat_request&) const {
    return whole<kafka::consumer_group_heartbeat_response>();
  }
  template <typename Answer>
  [[nodiscard]] Answer groups(const chunked_vector<text>& ids) const {
    Answer a;
    for (const auto& id : ids) {
      auto& to = a.groups.emplace_back();
      to.error = why;
      to.group_id = id;
    }
    return a;
  }
  answer operator()(const kafka::consumer_group_describe_request& r) const {
    return groups<kafka::consumer_group_describe_response>(r.group_ids);
  }
  answer operator()(const kafka::share_group_heartbeat_request&) const {
    return whole<kafka::share_group_heartbeat_response>();
  }
  answer operator()(const kafka::share_group_describe_request& r) const {
    return groups<kafka::share_group_describe_response>(r.group_ids);
  }
  answer operator()(const kafka::streams_group_heartbeat_request&) const {
    return whole<kafka::streams_group_heartbeat_response>();
  }
  answer operator()(const kafka::streams_group_describe_request& r) const {
    return groups<kafka::streams_group_describe_response>(r.group_ids);
  }
  answer operator()(const share_plan_request&) const { return whole<share_plan>(); }
};

}  // namespace

answer refusal(const request& r, std::int16_t api_version, kafka::error_code why) {
  return std::visit(refuse{api_version, why}, r);
}

}  // namespace weir::group
