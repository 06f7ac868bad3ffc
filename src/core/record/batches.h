#pragma once
// Batches in a byte sequence.
#include <expected>
#include <optional>

#include "core/record/batch_header.h"
#include "core/record/produce_refusal.h"

namespace weir::record {

struct batch {
  batch_header header;
  fragments all;  // header and records, shared
};

// Walks batch after batch. A rest too short for a whole batch is an end, not an error, as Kafka's
// readers see it (a fetch may cut its last batch): left() tells how much it was.
class batch_walk {
 public:
  explicit batch_walk(const fragments& over) : over_(&over) {}

  // The next batch, or nothing at the end. Checks lengths and magic, not the CRC. After an error
  // the walk stays where it is.
  std::expected<std::optional<batch>, record_error> next();
  [[nodiscard]] std::size_t position() const { return at_; }
  [[nodiscard]] std::size_t left() const { return over_->size() - at_; }

 private:
  const fragments* over_;
  std::size_t at_ = 0;
};

// The one batch that a produce request (version 3 and later) may hold for a partition, mirroring
// what Apache Kafka answers for none, several, old formats and nonsense. `version` is the
// request's.
std::expected<batch, produce_refusal> take_produced_batch(const fragments& records,
                                                          std::int16_t version);

}  // namespace weir::record
