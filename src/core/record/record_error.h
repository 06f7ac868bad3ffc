#pragma once
// What can be wrong with a record batch, whoever sent it. One enum for the room; produce_refusal
// (validate.h) is what a producer is told.
#include <cstdint>
#include <string_view>

namespace weir::record {

enum class record_error : std::uint8_t {
  cut_off,             // the bytes end before the layout does
  bad_length,          // a batch length too small for its header
  old_magic,           // message format 0 or 1
  bad_magic,           // no message format at all
  bad_crc,             // the checksum does not match
  bad_record,          // a record's lengths or counts contradict each other
  bad_count,           // fewer or more records than the header says
  unknown_codec,       // attributes name a compression that does not exist
  bad_compression,     // the compressed stream is broken
  too_large_unpacked,  // more bytes after decompression than the caller allows
};
std::string_view describe(record_error);

}  // namespace weir::record
