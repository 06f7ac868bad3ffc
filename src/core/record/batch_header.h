#pragma once
// Record batches, message format 2 (docs/formats/record-batch.md): the only format that Weir takes,
// stores and serves. This room reads, checks, rewrites and makes them.
//
//   batch_header.h    the 61 bytes in front, and rewriting them around shared records
//   batches.h         the batches in a byte sequence, and the one batch of a produce request
//   record_reader.h   the records of a batch, streaming
//   compression.h     the codecs, piece by piece
//   validate.h        what a broker checks before it stores a client's batch
//   batch_builder.h   making a batch: tests, control batches, compaction
//   batch_search.h    looking for timestamps in a batch
//
// Invariants: nothing here copies record bytes unless they must change or cross pieces; every
// length is checked before memory is taken for it; all bytes may come from a hostile client.
#include <cstddef>
#include <cstdint>
#include <expected>

#include "core/base/fragments.h"
#include "core/base/ids.h"
#include "core/record/record_error.h"

namespace weir::record {

inline constexpr std::size_t batch_header_size = 61;
// Base offset and batch length, which the batch length itself does not count.
inline constexpr std::size_t batch_length_from = 12;
// The CRC covers everything from here, the attributes, to the end.
inline constexpr std::size_t crc_covers_from = 21;
inline constexpr std::int8_t current_magic = 2;

enum class codec : std::uint8_t { none = 0, gzip = 1, snappy = 2, lz4 = 3, zstd = 4 };
enum class timestamp_kind : std::uint8_t { create_time = 0, log_append_time = 1 };

struct batch_header {
  weir::offset base_offset{0};
  std::int32_t batch_length = 0;  // bytes after the first twelve
  std::int32_t leader_epoch = -1;
  std::int8_t magic = current_magic;
  std::uint32_t crc = 0;
  std::int16_t attributes = 0;
  std::int32_t last_offset_delta = 0;
  timestamp base_timestamp = no_timestamp;  // delete horizon if has_delete_horizon()
  timestamp max_timestamp = no_timestamp;
  weir::producer_id producer = no_producer_id;
  weir::producer_epoch epoch = no_producer_epoch;
  std::int32_t base_sequence = -1;
  std::int32_t record_count = 0;

  static constexpr std::int16_t codec_bits = 0x07;
  static constexpr std::int16_t log_append_time_bit = 0x08;
  static constexpr std::int16_t transactional_bit = 0x10;
  static constexpr std::int16_t control_bit = 0x20;
  static constexpr std::int16_t delete_horizon_bit = 0x40;  // KIP-534

  // The whole batch, header included.
  [[nodiscard]] std::size_t size() const {
    return batch_length_from + static_cast<std::size_t>(batch_length);
  }
  [[nodiscard]] weir::offset last_offset() const { return base_offset + last_offset_delta; }
  [[nodiscard]] weir::offset next_offset() const { return last_offset() + 1; }
  [[nodiscard]] std::expected<codec, record_error> compression() const;
  [[nodiscard]] timestamp_kind timestamps() const {
    return (attributes & log_append_time_bit) != 0 ? timestamp_kind::log_append_time
                                                   : timestamp_kind::create_time;
  }
  [[nodiscard]] bool transactional() const { return (attributes & transactional_bit) != 0; }
  [[nodiscard]] bool control() const { return (attributes & control_bit) != 0; }
  [[nodiscard]] bool has_delete_horizon() const { return (attributes & delete_horizon_bit) != 0; }
  [[nodiscard]] bool has_producer() const { return producer.value() > no_producer_id.value(); }
  // Sequence of the last record; wraps from INT32_MAX to 0. -1 without a base sequence.
  [[nodiscard]] std::int32_t last_sequence() const;

  friend bool operator==(const batch_header&, const batch_header&) = default;
};

// The header at `at`. Checks magic and that the batch length holds a header; neither the CRC nor
// whether the whole batch is there (header.size() bytes). Needs 61 bytes, else cut_off.
std::expected<batch_header, record_error> read_batch_header(const fragments& from,
                                                            std::size_t at = 0);
std::expected<batch_header, record_error> read_batch_header(std::string_view from);
// Writes the 61 bytes at `to` as they stand (crc included).
void put_batch_header(const batch_header& header, char* to);

// The checksum that the batch at `at`, `size` bytes long with its header, should carry.
std::uint32_t batch_crc(const fragments& from, std::size_t at, std::size_t size);

// The same batch at another place in the log. Both fields are outside the CRC: the first 61 bytes
// become a piece of their own, the records stay shared. `batch` is exactly one batch with a header
// that was read before.
fragments rewrite_place(const fragments& batch, weir::offset base_offset,
                        std::int32_t leader_epoch);
// As rewrite_place, and sets the timestamp type and max timestamp: inside the CRC, which is
// computed again over the shared records.
fragments rewrite_times(const fragments& batch, timestamp_kind kind, timestamp max);
// `header` (its batch_length and crc are set here) in front of `body`, shared.
fragments assemble_batch(batch_header header, fragments body);

}  // namespace weir::record
