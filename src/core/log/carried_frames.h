#pragma once
// Entries on their way to another copy of their partition: frames as in a segment, back to back,
// each encoded as at position 0 of a file without salt. The body's checksum is the one that every
// disk keeps; the head's covers the rest.
#include <expected>
#include <vector>

#include "core/log/frame.h"

namespace weir::log {

struct carried_frame {
  frame_head head;
  fragments body;
};

// The body is shared, not copied.
void carry(fragments& to, const frame_head& head, const fragments& body);

// All of `from`, bodies shared with it; each is whole, its checksums are right, and it is an entry
// (no vote). More than `frames_max`: bad_field. Errors: those of decode_frame_head and check_body.
std::expected<std::vector<carried_frame>, log_error> take_carried(const fragments& from,
                                                                  std::size_t frames_max);

// What travels with a message that says "take this state": what the log would be with all entries
// up to the one that the message names.
struct carried_state {
  offset next_offset{0};
  fragments producers;  // producer_sequences::encode
  fragments summary;    // what the group keeps beside its log; of partitions: nothing
  bool operator==(const carried_state&) const = default;
};
fragments encode(const carried_state& state);
// Errors: cut_off, newer_version, bad_checksum, bad_field.
std::expected<carried_state, log_error> decode_carried_state(const fragments& from);

}  // namespace weir::log
