#pragma once
// A message that fills a body, and a body made of one message.
#include <algorithm>
#include <expected>

#include "core/base/fragments.h"
#include "core/codec/reader.h"
#include "core/codec/writer.h"

namespace weir::kafka {

// Strings and bytes of the message share the memory of `body`.
template <typename Message>
std::expected<Message, codec_error> decode_whole(const fragments& body, std::int16_t version) {
  reader from(body);
  auto message = Message::decode(from, version);
  if (message && from.left() > 0) return std::unexpected(codec_error::trailing_bytes);
  return message;
}

template <typename Message>
std::expected<fragments, codec_error> encode_whole(const Message& message, std::int16_t version) {
  constexpr std::size_t first_block_max = 4096;  // most of a large body is records, not fields
  writer to(std::min(message.encoded_size(version), first_block_max));
  const auto done = message.encode(to, version);
  if (!done) return std::unexpected(done.error());
  return to.take();
}

}  // namespace weir::kafka
