#pragma once
// Why a produced batch is not stored.
#include <cstdint>
#include <string>
#include <vector>

namespace weir::record {

enum class produce_fault : std::uint8_t {
  corrupt_message,          // CORRUPT_MESSAGE (2)
  record_too_large,         // MESSAGE_TOO_LARGE (10)
  invalid_timestamp,        // INVALID_TIMESTAMP (32)
  unsupported_format,       // UNSUPPORTED_FOR_MESSAGE_FORMAT (43)
  unsupported_compression,  // UNSUPPORTED_COMPRESSION_TYPE (76)
  invalid_record,           // INVALID_RECORD (87)
  unreadable,               // UNKNOWN_SERVER_ERROR (-1): what Kafka answers when unpacking fails
};

struct record_fault {
  std::int32_t batch_index;  // of the record in its batch: ProduceResponse's record_errors
  std::string message;
};

struct produce_refusal {
  produce_fault fault;
  std::string message;  // ProduceResponse's error_message; empty where Kafka sends null
  std::vector<record_fault> records;  // at most record_faults_max
  std::string reason;                 // for our own log: never empty, never sent
};

// Kafka lists every bad record; one batch can hold millions, so Weir stops here.
inline constexpr std::size_t record_faults_max = 1000;

}  // namespace weir::record
