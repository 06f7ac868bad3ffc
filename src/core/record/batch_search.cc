#include "core/record/batch_search.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/record/record_reader.h"

namespace weir::record {

std::expected<std::optional<timed_offset>, record_error> first_at_or_after(
    const batch_header& header, const fragments& batch, timestamp time, weir::offset from,
    std::size_t unpacked_max) {
  if (header.max_timestamp < time || header.last_offset() < from) return std::nullopt;
  record_reader reader(header, batch, unpacked_max);
  record_shape shape;
  while (weir_try(reader.next_shape(shape))) {
    const timed_offset here{header.base_offset + shape.offset_delta,
                            record_time(header, shape.timestamp_delta)};
    if (here.offset >= from && here.time >= time) return here;
  }
  return std::nullopt;
}

std::expected<timed_offset, record_error> latest_time(const batch_header& header,
                                                      const fragments& batch,
                                                      std::size_t unpacked_max) {
  if (header.timestamps() == timestamp_kind::log_append_time) {
    return timed_offset{header.base_offset, header.max_timestamp};
  }
  record_reader reader(header, batch, unpacked_max);
  record_shape shape;
  std::optional<timed_offset> latest;
  while (weir_try(reader.next_shape(shape))) {
    const timed_offset here{header.base_offset + shape.offset_delta,
                            record_time(header, shape.timestamp_delta)};
    if (!latest || here.time > latest->time) latest = here;
    // A validated batch says what to look for, and the rest need not be unpacked.
    if (here.time == header.max_timestamp) break;
  }
  if (!latest) return std::unexpected(record_error::bad_count);
  return *latest;
}

}  // namespace weir::record
