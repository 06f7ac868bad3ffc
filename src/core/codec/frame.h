#pragma once
// What surrounds a message: a frame is its size (int32), a header and the body. Which header
// version belongs to a request follows from the API and the version of the body.
#include <algorithm>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "core/base/fragments.h"
#include "core/base/text.h"
#include "core/codec/api_table.h"
#include "core/codec/codec_error.h"
#include "core/codec/reader.h"
#include "core/codec/unknown_tags.h"
#include "core/codec/writer.h"

namespace weir::kafka {

inline constexpr std::size_t frame_prefix_bytes = 4;

// The size of the frame that follows its first four bytes; bad_length if it is negative or beyond
// `max`.
std::expected<std::size_t, codec_error> frame_size(std::string_view prefix, std::size_t max);

struct request_header {
  std::int16_t key = 0;      // may be one that api_table doesn't have
  std::int16_t version = 0;  // may be one that its API doesn't have
  std::int32_t correlation_id = 0;
  std::optional<text> client_id;
  unknown_tags unknown;

  bool operator==(const request_header&) const = default;
};

// Header version 2 where the body is flexible, else 1. Of an API that isn't declared only what
// version 1 has is read; of a version above the declared ones it is taken that it is flexible if
// the API has flexible versions: that is how a client finds out what is supported (KIP-511).
std::int16_t request_header_version(std::int16_t key, std::int16_t version);
std::expected<request_header, codec_error> decode_request_header(reader& from);
std::expected<void, codec_error> encode_request_header(writer& to, const request_header& header);

struct response_header {
  std::int32_t correlation_id = 0;
  unknown_tags unknown;

  bool operator==(const response_header&) const = default;
};

// 1 where the body is flexible, else 0; always 0 for ApiVersions, whose answer must be readable by
// a client that doesn't know the version (KIP-511).
std::int16_t response_header_version(std::int16_t key, std::int16_t version);
std::expected<response_header, codec_error> decode_response_header(reader& from,
                                                                   std::int16_t header_version);
void encode_response_header(writer& to, const response_header& header, std::int16_t header_version);

// A whole frame, size included, that answers a request.
template <typename Message>
std::expected<fragments, codec_error> response_frame(std::int32_t correlation_id,
                                                     const Message& message, std::int16_t version) {
  constexpr std::size_t first_block_max = 4096;  // most of a large answer is records, not fields
  const auto header = response_header_version(Message::message_key, version);
  const std::size_t size =
      sizeof correlation_id + (header > 0 ? 1 : 0) + message.encoded_size(version);
  if (size > INT32_MAX) return std::unexpected(codec_error::bad_length);
  writer to(std::min(frame_prefix_bytes + size, first_block_max));
  to.int32(static_cast<std::int32_t>(size));
  encode_response_header(to, {correlation_id, {}}, header);
  const auto done = message.encode(to, version);
  if (!done) return std::unexpected(done.error());
  return to.take();
}

}  // namespace weir::kafka
