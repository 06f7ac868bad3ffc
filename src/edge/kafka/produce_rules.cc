#include "edge/kafka/produce_rules.h"

#include <chrono>

#include "core/base/check.h"

namespace weir::edge {
namespace {

constexpr std::size_t remembered_max = 10'000;

std::optional<record::compression_setting> compression_of(const topic_options& o) {
  switch (o.compression_type) {
    case compression_type_choice::producer:
      return std::nullopt;
    case compression_type_choice::uncompressed:
      return record::compression_setting{record::codec::none, 0};
    case compression_type_choice::zstd:
      return record::compression_setting{record::codec::zstd, o.compression_zstd_level};
    case compression_type_choice::lz4:
      return record::compression_setting{record::codec::lz4, o.compression_lz4_level};
    case compression_type_choice::snappy:
      return record::compression_setting{record::codec::snappy, 0};
    case compression_type_choice::gzip:
      return record::compression_setting{record::codec::gzip, o.compression_gzip_level};
  }
  weir_check(false, "compression type {}", static_cast<int>(o.compression_type));
}

}  // namespace

timestamp wall_clock() {
  using namespace std::chrono;
  return timestamp(duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count());
}

record::produce_rules topic_rules::for_partition(const std::string& topic, std::int32_t partition,
                                                 timestamp now) const {
  auto rules = record;
  rules.partition = fmt::format("{}-{}", topic, partition);
  rules.now = now;
  return rules;
}

const topic_rules& topic_rules_cache::of(const cluster& state, const catalog::topic& topic) {
  if (rules_.size() > remembered_max) rules_.clear();
  auto& rules = rules_[topic.id];
  if (rules.version == state.version()) return rules;
  const auto o = state.options_of(topic);
  rules.record = {.message_bytes_max = static_cast<std::size_t>(o.message_bytes_max),
                  .compression = compression_of(o),
                  .timestamps = o.timestamp_type == timestamp_type_choice::log_append_time
                                    ? record::timestamp_kind::log_append_time
                                    : record::timestamp_kind::create_time,
                  .before_ms_max = o.timestamp_before_ms_max.count(),
                  .after_ms_max = o.timestamp_after_ms_max.count(),
                  .compacted = o.cleanup_policy.has(cleanup_policy_choice::compact)};
  rules.min_insync = static_cast<std::size_t>(o.min_insync_replicas);
  rules.version = state.version();
  return rules;
}

}  // namespace weir::edge
