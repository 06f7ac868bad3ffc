#include "core/log/errors.h"

namespace weir::log {

std::string_view name(log_error error) {
  switch (error) {
    case log_error::cut_off:
      return "cut off";
    case log_error::bad_magic:
      return "not this kind of file";
    case log_error::newer_version:
      return "written by a later version";
    case log_error::bad_checksum:
      return "bad checksum";
    case log_error::bad_field:
      return "value out of range";
    case log_error::unknown_kind:
      return "unknown frame kind";
    case log_error::body_mismatch:
      return "body is not the frame's";
    case log_error::bad_continuation:
      return "does not follow the frame before";
  }
  return "unknown";
}

}  // namespace weir::log
