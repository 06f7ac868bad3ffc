#include "core/share/record.h"

#include "core/codec/coordinator/share_snapshot.h"
#include "core/codec/coordinator/share_update.h"
#include "core/codec/prefixed.h"

namespace weir::share {
namespace {

template <typename Key>
fragments encode_key(const share_partition& p) {
  return kafka::encode_prefixed(Key{
      .group_id = text::unowned(p.group), .topic_id = p.topic, .partition = p.partition.value()});
}

template <typename Key>
std::expected<share_partition, kafka::codec_error> decode_key_as(const fragments& key) {
  const auto k = weir_try(kafka::decode_prefixed<Key>(key));
  return share_partition{
      .group = k.group_id.str(), .topic = k.topic_id, .partition = partition_id(k.partition)};
}

template <typename Value>
void put_batches(const state_batches& from, Value& to) {
  for (const auto& b : from) {
    to.state_batches.push_back({.first_offset = b.first.value(),
                                .last_offset = b.last.value(),
                                .delivery_state = b.delivery_state,
                                .delivery_count = b.delivery_count,
                                .unknown = {}});
  }
}

template <typename Value>
std::expected<state_batches, kafka::codec_error> take_batches(const Value& from) {
  state_batches out;
  out.reserve(from.state_batches.size());
  for (const auto& b : from.state_batches) {
    out.push_back({.first = offset(b.first_offset),
                   .last = offset(b.last_offset),
                   .delivery_state = b.delivery_state,
                   .delivery_count = b.delivery_count});
  }
  if (!well_formed(out)) return std::unexpected(kafka::codec_error::bad_length);
  return out;
}

}  // namespace

fragments encode(const snapshot_key& key) {
  return encode_key<logged::share_snapshot_key>(key.of);
}
fragments encode(const update_key& key) {
  return encode_key<logged::share_update_key>(key.of);
}

fragments encode_snapshot(const share_state& state) {
  logged::share_snapshot_value v;
  v.snapshot_epoch = state.snapshot_epoch;
  v.state_epoch = state.state_epoch;
  v.leader_epoch = state.leader_epoch;
  v.start_offset = state.start.value();
  v.delivery_complete_count = state.delivery_complete_count;
  v.create_timestamp = state.created.value();
  v.write_timestamp = state.written.value();
  put_batches(state.batches, v);
  return kafka::encode_prefixed(v);
}

fragments encode(const share_update& update) {
  logged::share_update_value v;
  v.snapshot_epoch = update.snapshot_epoch;
  v.leader_epoch = update.leader_epoch;
  v.start_offset = update.start.value();
  v.delivery_complete_count = update.delivery_complete_count;
  put_batches(update.batches, v);
  return kafka::encode_prefixed(v);
}

std::expected<record_key, kafka::codec_error> decode_key(const fragments& key) {
  const auto type = kafka::prefix_of(key);
  if (!type) return std::unexpected(kafka::codec_error::truncated);
  switch (*type) {
    case logged::share_snapshot_key::message_key:
      return snapshot_key{weir_try(decode_key_as<logged::share_snapshot_key>(key))};
    case logged::share_update_key::message_key:
      return update_key{weir_try(decode_key_as<logged::share_update_key>(key))};
    default:
      return foreign_key{};
  }
}

std::expected<share_state, kafka::codec_error> decode_snapshot(const fragments& value) {
  const auto v = weir_try(kafka::decode_prefixed<logged::share_snapshot_value>(value));
  return share_state{.snapshot_epoch = v.snapshot_epoch,
                     .state_epoch = v.state_epoch,
                     .leader_epoch = v.leader_epoch,
                     .start = offset(v.start_offset),
                     .delivery_complete_count = v.delivery_complete_count,
                     .created = timestamp(v.create_timestamp),
                     .written = timestamp(v.write_timestamp),
                     .batches = weir_try(take_batches(v))};
}

std::expected<share_update, kafka::codec_error> decode_update(const fragments& value) {
  const auto v = weir_try(kafka::decode_prefixed<logged::share_update_value>(value));
  return share_update{.snapshot_epoch = v.snapshot_epoch,
                      .leader_epoch = v.leader_epoch,
                      .start = offset(v.start_offset),
                      .delivery_complete_count = v.delivery_complete_count,
                      .batches = weir_try(take_batches(v))};
}

}  // namespace weir::share
