#include "core/catalog/command.h"

#include "core/base/check.h"
#include "core/base/endian.h"
#include "core/codec/whole.h"

namespace weir::catalog {
namespace {

constexpr std::size_t head_size = 4;

template <typename Record>
std::expected<command, kafka::codec_error> decode_as(const fragments& body, std::int16_t version) {
  if (version < Record::version_min || version > Record::version_max) {
    return std::unexpected(kafka::codec_error::bad_version);
  }
  return weir_try(kafka::decode_whole<Record>(body, version));
}

template <std::size_t At = 0>
std::expected<command, kafka::codec_error> decode_id(std::int16_t id, std::int16_t version,
                                                     const fragments& body) {
  if constexpr (At < std::variant_size_v<command>) {
    using record = std::variant_alternative_t<At, command>;
    if (id == record::message_key) return decode_as<record>(body, version);
    return decode_id<At + 1>(id, version, body);
  } else {
    return std::unexpected(kafka::codec_error::bad_version);
  }
}

}  // namespace

std::string encode(const command& c) {
  return std::visit(
      []<typename Record>(const Record& r) {
        char head[head_size];
        store_be<std::int16_t>(head, Record::message_key);
        store_be<std::int16_t>(head + 2, Record::version_max);
        const auto body = kafka::encode_whole(r, Record::version_max);
        weir_check(body.has_value(), "catalog command {} does not encode", Record::message_key);
        return std::string(head, head_size) + body->str();
      },
      c);
}

std::expected<command, kafka::codec_error> decode(const fragments& from) {
  if (from.size() < head_size) return std::unexpected(kafka::codec_error::truncated);
  char head[head_size];
  from.copy_to(0, head_size, head);
  return decode_id(load_be<std::int16_t>(head), load_be<std::int16_t>(head + 2),
                   from.slice(head_size, from.size() - head_size));
}

}  // namespace weir::catalog
