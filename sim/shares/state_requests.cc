#include "sim/shares/state_requests.h"

#include <type_traits>

namespace weir::sim::shares {
namespace {

template <typename Request>
Request about(const share::share_partition& p) {
  Request out;
  out.group_id = text::copy(p.group);
  auto& topic = out.topics.emplace_back();
  topic.topic_id = p.topic;
  topic.partitions.emplace_back().partition = p.partition.value();
  return out;
}

template <typename Response, typename Request>
Response refuse(const Request& r, kafka::error_code why) {
  Response out;
  for (const auto& topic : r.topics) {
    auto& to = out.results.emplace_back();
    to.topic_id = topic.topic_id;
    for (const auto& p : topic.partitions) {
      auto& result = to.partitions.emplace_back();
      result.partition = p.partition;
      result.error = why;
    }
  }
  return out;
}

share::answer refused(const kafka::initialize_share_group_state_request& r, kafka::error_code why) {
  return refuse<kafka::initialize_share_group_state_response>(r, why);
}
share::answer refused(const kafka::read_share_group_state_request& r, kafka::error_code why) {
  return refuse<kafka::read_share_group_state_response>(r, why);
}
share::answer refused(const kafka::write_share_group_state_request& r, kafka::error_code why) {
  return refuse<kafka::write_share_group_state_response>(r, why);
}
share::answer refused(const kafka::delete_share_group_state_request& r, kafka::error_code why) {
  return refuse<kafka::delete_share_group_state_response>(r, why);
}
share::answer refused(const kafka::read_share_group_state_summary_request& r,
                      kafka::error_code why) {
  return refuse<kafka::read_share_group_state_summary_response>(r, why);
}

}  // namespace

share::request read_of(const share::share_partition& p, std::int32_t leader_epoch) {
  auto r = about<kafka::read_share_group_state_request>(p);
  r.topics[0].partitions[0].leader_epoch = leader_epoch;
  return r;
}

share::request write_of(const share::share_partition& p, std::int32_t state_epoch,
                        std::int32_t leader_epoch, const share::delivery_change& change) {
  auto r = about<kafka::write_share_group_state_request>(p);
  auto& to = r.topics[0].partitions[0];
  to.state_epoch = state_epoch;
  to.leader_epoch = leader_epoch;
  to.start_offset = change.start.value();
  to.delivery_complete_count = change.complete_count;
  for (const auto& b : change.batches) {
    to.state_batches.push_back({.first_offset = b.first.value(),
                                .last_offset = b.last.value(),
                                .delivery_state = b.delivery_state,
                                .delivery_count = b.delivery_count,
                                .unknown = {}});
  }
  return r;
}

share::request begin_of(const share::share_partition& p, std::int32_t state_epoch,
                        std::int64_t start) {
  auto r = about<kafka::initialize_share_group_state_request>(p);
  r.topics[0].partitions[0].state_epoch = state_epoch;
  r.topics[0].partitions[0].start_offset = start;
  return r;
}

share::request end_of(const share::share_partition& p) {
  return about<kafka::delete_share_group_state_request>(p);
}

bool may_come_twice(const share::request& r) {
  return !std::holds_alternative<kafka::initialize_share_group_state_request>(r) &&
         !std::holds_alternative<kafka::delete_share_group_state_request>(r);
}

share::answer refusal_of(const share::request& r, kafka::error_code why) {
  return std::visit([&](const auto& one) { return refused(one, why); }, r);
}

kafka::error_code code_of(const share::answer& a) {
  return std::visit([](const auto& one) { return one.results[0].partitions[0].error; }, a);
}

share::share_state state_of(const share::answer& read) {
  const auto& told = std::get<kafka::read_share_group_state_response>(read);
  const auto& p = told.results[0].partitions[0];
  share::share_state out;
  out.state_epoch = p.state_epoch;
  out.start = offset(p.start_offset);
  for (const auto& b : p.state_batches) {
    out.batches.push_back({.first = offset(b.first_offset),
                           .last = offset(b.last_offset),
                           .delivery_state = b.delivery_state,
                           .delivery_count = b.delivery_count});
  }
  return out;
}

}  // namespace weir::sim::shares
