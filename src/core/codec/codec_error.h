#pragma once
// What can be wrong with bytes that claim to be a message, or with a message that is to be encoded.
#include <cstdint>
#include <string_view>

namespace weir::kafka {

enum class codec_error : std::uint8_t {
  truncated,         // the frame ends inside a field, or a count promises more than is left
  bad_length,        // a negative length, or a string beyond 32767 bytes
  null_not_allowed,  // null where this version has no null
  bad_varint,        // more than five bytes, or more than 32 bits
  bad_tags,          // tagged fields out of order, repeated, or of a size that isn't the field's
  trailing_bytes,    // something follows the message
  too_much_memory,   // decoding would take more than the reader's share of the frame's size
  bad_version,       // a version that isn't declared
  not_in_version,    // encode: a value is set that this version can't carry
};

constexpr std::string_view to_string(codec_error e) {
  switch (e) {
    case codec_error::truncated:
      return "truncated";
    case codec_error::bad_length:
      return "bad length";
    case codec_error::null_not_allowed:
      return "null not allowed";
    case codec_error::bad_varint:
      return "bad varint";
    case codec_error::bad_tags:
      return "bad tagged fields";
    case codec_error::trailing_bytes:
      return "trailing bytes";
    case codec_error::too_much_memory:
      return "too much memory";
    case codec_error::bad_version:
      return "unsupported version";
    case codec_error::not_in_version:
      return "value not in this version";
  }
  return "unknown";
}

}  // namespace weir::kafka
