#pragma once
// Records of decl/stored as they stand in the catalog's log and snapshots: int16 record id, int16
// version, then the record in its flexible encoding. Which ones there can be is a variant of them.
#include <expected>
#include <utility>
#include <variant>

#include "core/base/check.h"
#include "core/base/endian.h"
#include "core/base/fragments.h"
#include "core/codec/codec_error.h"
#include "core/codec/whole.h"

namespace weir::catalog {

inline constexpr std::size_t record_head_size = 4;

template <typename Record>
fragments encode_record(const Record& r) {
  char head[record_head_size];
  store_be<std::int16_t>(head, Record::message_key);
  store_be<std::int16_t>(head + 2, Record::version_max);
  auto out = fragments::copy({head, record_head_size});
  const auto body = kafka::encode_whole(r, Record::version_max);
  weir_check(body.has_value(), "catalog record {} does not encode", Record::message_key);
  out.append(*body);
  return out;
}

template <typename Records, std::size_t At = 0>
std::expected<Records, kafka::codec_error> decode_body(std::int16_t id, std::int16_t version,
                                                       const fragments& body) {
  if constexpr (At < std::variant_size_v<Records>) {
    using record = std::variant_alternative_t<At, Records>;
    if (id != record::message_key) return decode_body<Records, At + 1>(id, version, body);
    if (version < record::version_min || version > record::version_max)
      return std::unexpected(kafka::codec_error::bad_version);
    return weir_try(kafka::decode_whole<record>(body, version));
  } else {
    return std::unexpected(kafka::codec_error::bad_version);
  }
}

// bad_version: an id or version that this Weir does not know; a newer one has written here.
template <typename Records>
std::expected<Records, kafka::codec_error> decode_record(const fragments& from) {
  if (from.size() < record_head_size) return std::unexpected(kafka::codec_error::truncated);
  char head[record_head_size];
  from.copy_to(0, record_head_size, head);
  return decode_body<Records>(load_be<std::int16_t>(head), load_be<std::int16_t>(head + 2),
                              from.slice(record_head_size, from.size() - record_head_size));
}

}  // namespace weir::catalog
