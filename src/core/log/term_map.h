#pragma once
// Which term an entry belongs to, and where each term begins: OffsetForLeaderEpoch (KIP-101,
// KIP-279) and the search for the point where two logs part. Grows by 24 bytes a term in the log.
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"
#include "core/log/errors.h"

namespace weir::log {

struct term_entry {
  weir::term term{};
  log_index first_index{};
  offset first_offset{};  // the next free offset when the term began
  bool operator==(const term_entry&) const = default;
};

struct term_end {
  weir::term term{};
  offset end{};  // exclusive
  bool operator==(const term_end&) const = default;
};

class term_map {
 public:
  // An entry was appended. Costs nothing unless its term is new. Terms and indexes don't decrease;
  // offsets may be below that of `trim`, whose records no one reads: a start scans them again.
  void append(weir::term term, log_index index, offset base_offset);
  // Entries from `from` on are gone.
  void truncate(log_index from);
  // Entries before `first` (with offset `first_offset`) are gone.
  void trim(log_index first, offset first_offset);

  // The answer to OffsetForLeaderEpoch: the greatest known term at or below `asked` and where it
  // ends; `asked` itself and the start of the first known term if that is later. Nothing
  // (UNDEFINED, -1/-1) if `asked` is greater than every known term.
  [[nodiscard]] std::optional<term_end> end_of(weir::term asked, offset log_end) const;
  // The term of the entry with this index / holding this offset; nothing below the first kept one.
  // The caller knows that it is below the log's end.
  [[nodiscard]] std::optional<weir::term> term_at(log_index index) const;
  [[nodiscard]] std::optional<weir::term> term_at(offset wanted) const;
  [[nodiscard]] std::optional<term_entry> find(weir::term term) const;
  [[nodiscard]] std::optional<weir::term> latest() const;
  [[nodiscard]] const std::vector<term_entry>& entries() const { return entries_; }

  // The file's bytes (docs/formats/checkpoint.md). decode errors: cut_off, bad_magic,
  // newer_version, bad_checksum, bad_field.
  [[nodiscard]] std::string encode() const;
  static std::expected<term_map, log_error> decode(std::string_view file);

  bool operator==(const term_map&) const = default;

 private:
  std::vector<term_entry> entries_;  // increasing in term and index, non-decreasing in offset
};

}  // namespace weir::log
