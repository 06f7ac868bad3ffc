#pragma once
// What a replica of a group must not forget though the frames that said it may go, or are not read
// again by a start: its vote, and who belongs to the group (docs/formats/group.md).
//
// A vote is written here before a truncation takes its frame, and both before an index spares a
// start the frames that hold them. Votes only grow: of any number of copies the latest is right,
// so none is ever wrong for being old. Configurations are bodies of frames here, which core/raft
// reads.
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/log/frame.h"

namespace weir::log {

struct placed_body {
  log_index index;  // of the entry
  std::string body;
  bool operator==(const placed_body&) const = default;
};

// A start_moved among the entries: it counts once committed.
struct moved_start {
  log_index index;
  offset to{};
  bool operator==(const moved_start&) const = default;
};

struct group_record {
  vote last_vote;
  // The end of a log that this replica gave up (raft::stored_state::held).
  log_index held_index;
  weir::term held_term;
  // The last entry that stands behind a hole: what compaction left was committed.
  log_index behind_hole;
  // The configuration that the group began with, as this replica was told when it was made; empty:
  // it joined one that was there. Nothing: this node alone.
  std::optional<std::string> began;
  // In order of their indexes, from the one in effect where the log begins on.
  std::vector<placed_body> configurations;
  // In order of their indexes: those that the log's start may not have followed yet.
  std::vector<moved_start> starts;
  // Members that an operator decided on because the others are gone for good: in effect behind this
  // entry, until a configuration that comes later (docs/operations/recover.md).
  std::optional<placed_body> forced;
  bool operator==(const group_record&) const = default;
};

// The one that came later: in a term a node votes once, so that these are in order.
vote later_of(const vote& a, const vote& b);

// The body of a configuration, 64 nodes of each kind, takes less.
inline constexpr std::size_t configuration_size_max = 4096;
inline constexpr std::size_t group_configurations_max = 10'000;
inline constexpr std::size_t group_starts_max = 10'000;

std::string encode(const group_record& group);
// Errors: cut_off, bad_magic, newer_version, bad_checksum, bad_field.
std::expected<group_record, log_error> decode_group_record(std::string_view file);

}  // namespace weir::log
