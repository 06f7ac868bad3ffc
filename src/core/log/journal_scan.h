#pragma once
// What a journal file holds, found without waiting: the start of a broker performs its reads one
// way, the offline tools another.
//
//   journal_scanner scan(header, file_size);
//   while (!scan.done()) {
//     const auto range = scan.wanted();
//     scan.feed(/* what the file has of the range: less only at its end */);
//     if (auto record = scan.take()) use(*record);
//   }
//   scan.damaged_at();
//
// A record is read as a whole: memory is bounded by journal_record_size_max.
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "core/log/journal.h"

namespace weir::log {

// A record's bytes in the file, up to the next block.
inline constexpr std::size_t journal_record_size_max =
    (journal_record_head_size + journal_entries_max * journal_entry_size + journal_bytes_max +
     journal_block - 1) /
    journal_block * journal_block;

struct journal_found {
  position at{};      // of the record
  position data{};    // of its bytes
  bool whole = true;  // false: the bytes are damaged, and later records are there
  std::uint64_t sequence = 0;
  std::vector<journal_entry> table;
};

class journal_scanner {
 public:
  struct range {
    position at{};
    std::size_t size = 0;
  };
  // A header of generation 0 holds nothing.
  journal_scanner(const journal_header& header, std::uint64_t file_size);

  [[nodiscard]] bool done() const { return mode_ == mode::done; }
  [[nodiscard]] range wanted() const { return wanted_; }
  void feed(std::string_view bytes);
  // The record that the last feed() completed.
  std::optional<journal_found> take() { return std::exchange(found_, std::nullopt); }
  // Once done: where nothing can be read though later records are there. Which partitions it tells
  // of is lost.
  [[nodiscard]] std::optional<position> damaged_at() const { return damaged_at_; }
  // Once done: where the last good record ends.
  [[nodiscard]] position end() const { return at_; }

 private:
  enum class mode : std::uint8_t { head, whole, search, done };
  void begin_record();
  void begin_search();
  void take_head(std::string_view bytes);
  void take_whole(std::string_view bytes);
  void search(std::string_view bytes);
  void found(bool whole);

  journal_header header_;
  std::uint64_t size_;
  std::uint64_t sequence_;
  position at_{journal_block};
  mode mode_ = mode::head;
  range wanted_;
  journal_record record_;
  std::optional<std::vector<journal_entry>> table_;  // of a record whose bytes are bad
  std::optional<journal_found> found_;
  std::optional<position> damaged_at_;
};

struct segment_key {
  uuid topic;
  partition_id partition;
  log_index first;
  std::uint64_t salt = 0;
  auto operator<=>(const segment_key&) const = default;
};

// Where the journals have bytes of a segment: [at, at + size) of it, at `source_at` of file
// `source`.
struct journal_extent {
  std::uint64_t at = 0;
  std::uint64_t size = 0;
  std::size_t source = 0;
  std::uint64_t source_at = 0;
};

using journal_extents = std::map<segment_key, std::vector<journal_extent>>;

// Adds a whole record of file number `source`. Files come in order of generation, their records in
// order.
void add_extents(journal_extents& to, const journal_found& record, std::size_t source);

}  // namespace weir::log
