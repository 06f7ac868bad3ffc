#include "core/record/record_error.h"

namespace weir::record {

std::string_view describe(record_error error) {
  switch (error) {
    case record_error::cut_off:
      return "the bytes end inside a batch";
    case record_error::bad_length:
      return "the batch length does not hold a batch header";
    case record_error::old_magic:
      return "message format 0 or 1";
    case record_error::bad_magic:
      return "unknown message format";
    case record_error::bad_crc:
      return "the checksum does not match";
    case record_error::bad_record:
      return "a record contradicts its lengths";
    case record_error::bad_count:
      return "the record count does not match the records";
    case record_error::unknown_codec:
      return "unknown compression";
    case record_error::bad_compression:
      return "the compressed records cannot be unpacked";
    case record_error::too_large_unpacked:
      return "too many bytes after unpacking";
  }
  return "?";
}

}  // namespace weir::record
