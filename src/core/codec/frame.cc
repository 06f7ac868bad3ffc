#include "core/codec/frame.h"

#include "core/base/check.h"

namespace weir::kafka {
namespace {

unknown_tags read_tags(reader& from) {
  unknown_tags kept;
  for (tag_reader t(from); t.next();) t.keep(kept);
  return kept;
}

void write_tags(writer& to, const unknown_tags& tags) {
  to.uvarint(static_cast<std::uint32_t>(tags.size()));
  unknown_writer(tags, to).rest();
}

}  // namespace

std::expected<std::size_t, codec_error> frame_size(std::string_view prefix, std::size_t max) {
  weir_check(prefix.size() >= frame_prefix_bytes, "a frame's size from {} bytes", prefix.size());
  const auto size = load_be<std::int32_t>(prefix.data());
  if (size < 0 || static_cast<std::size_t>(size) > max) {
    return std::unexpected(codec_error::bad_length);
  }
  return static_cast<std::size_t>(size);
}

std::int16_t request_header_version(std::int16_t key, std::int16_t version) {
  const auto* api = find_api(key);
  return api && api->flexible(version) ? 2 : 1;
}

std::expected<request_header, codec_error> decode_request_header(reader& from) {
  request_header header;
  header.key = from.int16();
  header.version = from.int16();
  header.correlation_id = from.int32();
  // In header version 2 as well the client id has a plain length: a broker must be able to read
  // this much of a request that it doesn't know.
  header.client_id = from.nullable_string(false);
  if (request_header_version(header.key, header.version) == 2) header.unknown = read_tags(from);
  if (!from.ok()) return std::unexpected(from.error());
  return header;
}

std::expected<void, codec_error> encode_request_header(writer& to, const request_header& header) {
  to.int16(header.key);
  to.int16(header.version);
  to.int32(header.correlation_id);
  to.nullable_string(header.client_id, false);
  if (request_header_version(header.key, header.version) == 2) {
    write_tags(to, header.unknown);
  } else {
    to.require(header.unknown.size() == 0);
  }
  return to.status();
}

std::int16_t response_header_version(std::int16_t key, std::int16_t version) {
  const auto* api = find_api(key);
  return api && api->flexible(version) && !api->response_header_plain ? 1 : 0;
}

std::expected<response_header, codec_error> decode_response_header(reader& from,
                                                                   std::int16_t header_version) {
  response_header header;
  header.correlation_id = from.int32();
  if (header_version >= 1) header.unknown = read_tags(from);
  if (!from.ok()) return std::unexpected(from.error());
  return header;
}

void encode_response_header(writer& to, const response_header& header,
                            std::int16_t header_version) {
  to.int32(header.correlation_id);
  if (header_version >= 1) write_tags(to, header.unknown);
}

}  // namespace weir::kafka
