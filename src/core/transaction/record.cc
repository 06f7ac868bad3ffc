#include "core/transaction/record.h"

#include "core/codec/coordinator/transaction_log.h"
#include "core/codec/prefixed.h"

namespace weir::transaction {
namespace {

using logged::transaction_log_key;
using logged::transaction_log_value;

chunked_vector<transaction_log_value::partitions_schema> by_topic(const partition_set& partitions) {
  chunked_vector<transaction_log_value::partitions_schema> out;
  for (const auto& p : partitions) {
    if (out.empty() || out.back().topic.view() != p.topic)
      out.push_back({.topic = text::unowned(p.topic), .partition_ids = {}, .unknown = {}});
    out.back().partition_ids.push_back(p.partition.value());
  }
  return out;
}

}  // namespace

fragments encode_key(std::string_view transactional_id) {
  return kafka::encode_prefixed(
      transaction_log_key{.transactional_id = text::unowned(transactional_id)});
}

fragments encode_value(const transaction& t) {
  transaction_log_value value{
      .producer_id = t.producer.value(),
      .previous_producer_id = t.previous_producer.value(),
      .next_producer_id = t.next_producer.value(),
      .producer_epoch = t.epoch.value(),
      .transaction_timeout_ms = t.timeout_ms,
      .transaction_status = static_cast<std::int8_t>(t.state),
      .transaction_partitions = {},
      .transaction_last_update_timestamp_ms = t.updated.value(),
      .transaction_start_timestamp_ms = t.started.value(),
      .client_transaction_version = t.client_version,
      .unknown = {},
  };
  if (t.state != transaction_state::empty) value.transaction_partitions = by_topic(t.partitions);
  return kafka::encode_prefixed(value);
}

std::expected<std::optional<std::string>, kafka::codec_error> decode_key(const fragments& key) {
  const auto type = kafka::prefix_of(key);
  if (!type) return std::unexpected(kafka::codec_error::truncated);
  if (*type != transaction_log_key::message_key) return std::nullopt;
  return weir_try(kafka::decode_prefixed<transaction_log_key>(key)).transactional_id.str();
}

std::expected<transaction, kafka::codec_error> decode_value(const fragments& value) {
  const auto v = weir_try(kafka::decode_prefixed<transaction_log_value>(value));
  transaction out{
      .producer = producer_id(v.producer_id),
      .previous_producer = producer_id(v.previous_producer_id),
      .next_producer = producer_id(v.next_producer_id),
      .epoch = producer_epoch(v.producer_epoch),
      .timeout_ms = v.transaction_timeout_ms,
      .state = static_cast<transaction_state>(v.transaction_status),
      .partitions = {},
      .updated = timestamp(v.transaction_last_update_timestamp_ms),
      .started = timestamp(v.transaction_start_timestamp_ms),
      .client_version = v.client_transaction_version,
  };
  if (!out.idle() && !out.prepared() && out.state != transaction_state::ongoing)
    return std::unexpected(kafka::codec_error::bad_version);
  if (out.state == transaction_state::empty || !v.transaction_partitions) return out;
  for (const auto& topic : *v.transaction_partitions) {
    for (const auto p : topic.partition_ids)
      out.partitions.insert({.topic = topic.topic.str(), .partition = partition_id(p)});
  }
  return out;
}

}  // namespace weir::transaction
