#pragma once
// How a coordinator behaves; the defaults are Kafka's. May change at any time.
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <string_view>

#include "core/group/consumer_settings.h"
#include "core/group/share_settings.h"
#include "core/group/streams_settings.h"

namespace weir::group {

struct group_settings {
  std::int32_t session_timeout_ms_min = 6'000;      // group.min.session.timeout.ms
  std::int32_t session_timeout_ms_max = 1'800'000;  // group.max.session.timeout.ms
  std::int32_t first_rebalance_delay_ms = 3'000;    // group.initial.rebalance.delay.ms
  std::size_t members_max = std::numeric_limits<std::int32_t>::max();  // group.max.size
  // How long a member that never had an answer is kept waiting for a rebalance. Fixed in Kafka.
  std::int32_t new_member_timeout_ms = 300'000;

  std::int64_t offsets_retention_ms = std::int64_t{10'080} * 60'000;  // offsets.retention.minutes
  std::int64_t offsets_check_ms = 600'000;         // offsets.retention.check.interval.ms
  std::int32_t offset_metadata_bytes_max = 4'096;  // offset.metadata.max.bytes

  // Of groups of the consumer protocol; those of groups that have configs of their own.
  consumer_settings consumer;
  std::map<std::string, consumer_settings, std::less<>> consumer_by_group;
  [[nodiscard]] const consumer_settings& consumer_of(std::string_view group) const {
    const auto own = consumer_by_group.find(group);
    return own == consumer_by_group.end() ? consumer : own->second;
  }

  share_settings share;
  std::map<std::string, share_settings, std::less<>> share_by_group;
  [[nodiscard]] const share_settings& share_of(std::string_view group) const {
    const auto own = share_by_group.find(group);
    return own == share_by_group.end() ? share : own->second;
  }

  streams_settings streams;
  std::map<std::string, streams_settings, std::less<>> streams_by_group;
  [[nodiscard]] const streams_settings& streams_of(std::string_view group) const {
    const auto own = streams_by_group.find(group);
    return own == streams_by_group.end() ? streams : own->second;
  }

  // Weir's own bounds.
  // Largest sum of keys and values of one batch; a record above it can't be stored. Well below
  // max.message.bytes of the topic.
  std::size_t batch_bytes_max = 1'000'000;
  // What the state may take, roughly counted. Beyond it nothing new is let in: no member, no
  // offset of a partition that has none.
  std::size_t memory_bytes_max = std::size_t{512} * 1024 * 1024;
  // Ids given out to newcomers of one group who have not come back with them.
  std::size_t pending_members_max = 10'000;
  // Items (partitions, members, groups) in one request; the shell splits what is longer.
  std::size_t items_per_step_max = 100'000;
  // Timers and offsets that one tick looks at; then it is due again at once.
  std::size_t work_per_tick = 2'000;
};

}  // namespace weir::group
