#pragma once
// What a broker checks before it stores a client's batch, and what it changes in it: as Apache
// Kafka 4.3 does on produce. Producer sequences against what came before are core/log's.
#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "core/base/ids.h"
#include "core/record/batches.h"
#include "core/record/compression.h"
#include "core/record/produce_refusal.h"
#include "core/record/record_reader.h"

namespace weir::record {

// A topic's compression.type with its level; nothing means "producer": as the batch came.
struct compression_setting {
  codec type = codec::none;
  int level = 0;
};

struct produce_rules {
  std::string partition;                                    // "topic-0", for messages to people
  std::size_t message_bytes_max = 1048588;                  // max.message.bytes
  std::optional<compression_setting> compression;           // compression.type
  timestamp_kind timestamps = timestamp_kind::create_time;  // message.timestamp.type
  std::int64_t before_ms_max = INT64_MAX;                   // message.timestamp.before.max.ms
  std::int64_t after_ms_max = 3'600'000;                    // message.timestamp.after.max.ms
  bool compacted = false;                                   // cleanup.policy has compact
  timestamp now = no_timestamp;
  std::size_t unpacked_bytes_max = 256u << 20;  // Weir's own bound, Kafka has none
};

struct validated_batch {
  fragments all;        // what to store; base offset 0, place it with rewrite_place
  batch_header header;  // of `all`
  std::int32_t record_count = 0;
  timestamp max_timestamp = no_timestamp;
  std::int32_t max_timestamp_delta = 0;  // offset delta of the first record that has it
  std::size_t size = 0;                  // of `all`
};

// `produced` as take_produced_batch gave it.
std::expected<validated_batch, produce_refusal> validate(const batch& produced,
                                                         const produce_rules& rules);

// The same in steps, so that a reactor can do other things between them.
class validation {
 public:
  validation(batch produced, produce_rules rules);
  ~validation();
  validation(validation&&) noexcept;
  validation& operator=(validation&&) noexcept;

  // Looks at about 64 KiB of records. True when result() is ready.
  bool step();
  // Once, after step() gave true.
  std::expected<validated_batch, produce_refusal> result();

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace weir::record
