#include "edge/kafka/fetch_session.h"

#include <algorithm>
#include <random>

namespace weir::edge {
namespace {

using kafka::error_code;

// Of a request: a session epoch of 0 asks for a new session, -1 for none (KIP-227).
constexpr std::int32_t epoch_new = 0;
constexpr std::int32_t epoch_final = -1;

template <typename Topic, typename Partition>
fetch_want want_of(const Topic& topic, const Partition& p) {
  return {.target = {topic.topic.str(), topic.topic_id, p.partition},
          .offset = p.fetch_offset,
          .bytes_max = p.partition_max_bytes,
          .leader_epoch = p.current_leader_epoch,
          .last_fetched_epoch = p.last_fetched_epoch};
}

std::int32_t after(std::int32_t epoch) {
  return epoch == INT32_MAX ? 1 : epoch + 1;
}

std::int32_t random_id() {
  static thread_local std::mt19937 generator{std::random_device{}()};
  return static_cast<std::int32_t>(generator() >> 1);
}

}  // namespace

void fetch_sessions::merge(fetch_session& s, const kafka::fetch_request& r) {
  for (const auto& topic : r.topics) {
    for (const auto& p : topic.partitions) {
      auto want = want_of(topic, p);
      const auto at = s.by_target.find(want.target);
      if (at == s.by_target.end()) {
        s.wants.push_back(want);
        s.by_target.emplace(std::move(want.target), std::prev(s.wants.end()));
      } else {
        // What it was told stays: an unchanged partition is not told again.
        want.told_high_watermark = at->second->told_high_watermark;
        want.told_log_start = at->second->told_log_start;
        *at->second = std::move(want);
      }
    }
  }
  for (const auto& topic : r.forgotten_topics_data) {
    for (const auto partition : topic.partitions) {
      const auto at = s.by_target.find(fetch_target{topic.topic.str(), topic.topic_id, partition});
      if (at == s.by_target.end()) continue;
      s.wants.erase(at->second);
      s.by_target.erase(at);
    }
  }
}

fetch_session* fetch_sessions::open(const kafka::fetch_request& r) {
  if (most_ == 0) return nullptr;
  while (sessions_.size() >= most_) {
    // The least recently used one that is not being served goes; its client starts over.
    const auto idle = std::ranges::find_if(by_use_, [](const auto& s) { return !s->in_use; });
    if (idle == by_use_.end()) return nullptr;
    drop((*idle)->id);
  }
  auto s = std::make_unique<fetch_session>();
  do {
    s->id = random_id();
  } while (s->id == 0 || sessions_.contains(s->id));
  merge(*s, r);
  by_use_.push_back(std::move(s));
  const auto at = std::prev(by_use_.end());
  sessions_.emplace((*at)->id, at);
  return at->get();
}

void fetch_sessions::drop(std::int32_t id) {
  const auto at = sessions_.find(id);
  if (at == sessions_.end()) return;
  if ((*at->second)->in_use) {
    (*at->second)->closed = true;
    return;
  }
  by_use_.erase(at->second);
  sessions_.erase(at);
}

fetch_plan fetch_sessions::begin(const kafka::fetch_request& r) {
  fetch_plan plan;
  if (r.session_epoch == epoch_new || r.session_epoch == epoch_final) {
    if (r.session_id != 0) drop(r.session_id);
    if (r.session_epoch == epoch_new) plan.session = open(r);
    if (!plan.session) {
      for (const auto& topic : r.topics) {
        for (const auto& p : topic.partitions) plan.loose.push_back(want_of(topic, p));
      }
      return plan;
    }
    plan.session->in_use = true;
    return plan;
  }
  const auto at = sessions_.find(r.session_id);
  if (at == sessions_.end() || (*at->second)->closed) {
    plan.error = error_code::fetch_session_id_not_found;
    return plan;
  }
  auto& s = **at->second;
  if (r.session_epoch != s.next_epoch || s.in_use) {
    plan.error = error_code::invalid_fetch_session_epoch;
    return plan;
  }
  s.next_epoch = after(s.next_epoch);
  merge(s, r);
  by_use_.splice(by_use_.end(), by_use_, at->second);
  s.in_use = true;
  plan.session = &s;
  plan.incremental = true;
  return plan;
}

void fetch_sessions::end(fetch_plan& plan) {
  if (!plan.session) return;
  plan.session->in_use = false;
  if (plan.session->closed) drop(plan.session->id);
}

}  // namespace weir::edge
