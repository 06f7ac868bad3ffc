#pragma once
// Keys and values of coordinators' topics (decl/coordinator): an int16, then the message laid out
// as the int16 says. Before a key it is the record's type, before a value the value's version; to
// a message both are its version.
#include <expected>
#include <optional>

#include "core/base/check.h"
#include "core/base/endian.h"
#include "core/codec/whole.h"

namespace weir::kafka {

inline constexpr std::size_t prefix_size = 2;

// Nothing of bytes too short to have one.
inline std::optional<std::int16_t> prefix_of(const fragments& from) {
  if (from.size() < prefix_size) return std::nullopt;
  char raw[prefix_size];
  from.copy_to(0, prefix_size, raw);
  return load_be<std::int16_t>(raw);
}

// A value must hold nothing that `version` can't carry (but what is droppable).
template <typename Message>
fragments encode_prefixed(const Message& message, std::int16_t version = Message::version_max) {
  constexpr std::size_t first_block_max = 4096;
  writer to(std::min(prefix_size + message.encoded_size(version), first_block_max));
  to.int16(version);
  weir_check(message.encode(to, version).has_value(), "a record of type {} does not encode",
             Message::message_key);
  return to.take();
}

// Strings and bytes of the message share the memory of `from`. bad_version: a type or version that
// this Weir does not know.
template <typename Message>
std::expected<Message, codec_error> decode_prefixed(const fragments& from) {
  const auto version = prefix_of(from);
  if (!version) return std::unexpected(codec_error::truncated);
  return decode_whole<Message>(from.slice(prefix_size, from.size() - prefix_size), *version);
}

}  // namespace weir::kafka
