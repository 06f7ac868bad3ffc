#pragma once
// What can be wrong with bytes that came from a partition's files. Nothing here is fatal by itself:
// the store decides (rebuild an index, cut a tail, quarantine a partition).
#include <cstdint>
#include <string_view>

namespace weir::log {

enum class log_error : std::uint8_t {
  cut_off,          // fewer bytes than the format needs
  bad_magic,        // not this kind of file
  newer_version,    // written by a later Weir
  bad_checksum,     // damaged, or not what was written here
  bad_field,        // checksum right, but a value out of its range
  unknown_kind,     // checksum right, but a frame kind that this version does not know
  body_mismatch,    // the body is not the one that the frame head names
  bad_continuation  // a whole frame, but its index, term or offset does not follow its
                    // predecessor's
};

std::string_view name(log_error error);

}  // namespace weir::log
