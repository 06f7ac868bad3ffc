#pragma once
// Making batches: tests, control batches, compaction and later transforms.
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "core/record/batch_header.h"
#include "core/record/compression.h"

namespace weir::record {

struct record;

struct batch_plan {
  weir::offset base_offset{0};
  std::int32_t leader_epoch = -1;
  codec compression = codec::none;
  int level = 0;  // see levels_of(); 0 where the codec has none
  timestamp_kind timestamps = timestamp_kind::create_time;
  weir::producer_id producer = no_producer_id;
  weir::producer_epoch epoch = no_producer_epoch;
  std::int32_t base_sequence = -1;
  bool transactional = false;
  bool control = false;
  std::optional<timestamp> delete_horizon;
};

struct new_header {
  std::string_view key;
  std::optional<std::string_view> value;
};
struct new_record {
  timestamp time = no_timestamp;
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  std::span<const new_header> headers;
};

class batch_builder {
 public:
  explicit batch_builder(const batch_plan& plan);
  ~batch_builder();

  // Appends a record at the next offset; its bytes are copied.
  void add(const new_record& record);
  // At a given offset above the last: compaction leaves holes.
  void add_at(weir::offset at, const new_record& record);
  // A record as it was read, at its own offset, which is above the last and at most INT32_MAX above
  // the batch's first. Its time may be any number.
  void add(const record& as_read);
  [[nodiscard]] std::int32_t count() const { return header_.record_count; }
  // The batch, at least one record in it. Once, last. `last_offset_delta` overrides the last
  // record's where compaction must keep the batch's range.
  fragments finish(std::optional<std::int32_t> last_offset_delta = std::nullopt);

 private:
  void begin_record(weir::offset at, timestamp time, std::size_t fields_size);

  batch_header header_;
  std::unique_ptr<compressor> body_;
  std::optional<timestamp> delete_horizon_;
  weir::offset next_;
};

// KIP-98: the record that ends a transaction in a partition.
enum class marker : std::int16_t { abort = 0, commit = 1 };
fragments make_marker(marker, weir::offset at, std::int32_t leader_epoch, timestamp now,
                      weir::producer_id, weir::producer_epoch, std::int32_t coordinator_epoch);
// What the one record of a control batch says; nothing for control records of another kind.
struct marker_seen {
  marker kind;
  std::int32_t coordinator_epoch;
};
std::expected<std::optional<marker_seen>, record_error> read_marker(const batch_header& header,
                                                                    const fragments& batch);

}  // namespace weir::record
