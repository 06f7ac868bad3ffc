#pragma once
// One record of a group, between what the groups know and the declarations that a log has: what is
// the same for groups of every kind. `to_logged` and `from_logged` turn a value into its
// declaration and back.
#include <expected>
#include <optional>
#include <utility>

#include "core/codec/prefixed.h"
#include "core/group/emitted.h"

namespace weir::group {

template <typename Key>
Key key_of(const text& group_id) {
  Key key;
  key.group_id = group_id;
  return key;
}
template <typename Key>
Key key_of(const text& group_id, const text& member_id) {
  auto key = key_of<Key>(group_id);
  key.member_id = member_id;
  return key;
}

// Without a value: a tombstone.
template <typename Key, typename Value, typename ToLogged>
coordinator_record encode_record(const Key& key, const std::optional<Value>& value,
                                 ToLogged to_logged) {
  coordinator_record out{kafka::encode_prefixed(key), std::nullopt};
  if (value) out.value = kafka::encode_prefixed(to_logged(*value));
  return out;
}

// `Made`: a group's id and a record. `with_key` makes the record of its key. A value of which
// `from_logged` can make nothing is one of a version that this Weir does not know.
template <typename Made, typename Key, typename Value, typename WithKey, typename FromLogged>
std::expected<Made, kafka::codec_error> decode_record(const fragments& key,
                                                      const std::optional<fragments>& value,
                                                      WithKey with_key, FromLogged from_logged) {
  const auto k = kafka::decode_prefixed<Key>(key);
  if (!k) return std::unexpected(k.error());
  auto record = with_key(*k);
  if (value) {
    const auto v = kafka::decode_prefixed<Value>(*value);
    if (!v) return std::unexpected(v.error());
    record.value = from_logged(*v);
    if (!record.value) return std::unexpected(kafka::codec_error::bad_version);
  }
  return Made{k->group_id, std::move(record)};
}

}  // namespace weir::group
