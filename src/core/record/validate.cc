#include "core/record/validate.h"

#include <fmt/format.h>

#include <utility>

#include "core/base/check.h"

namespace weir::record {
namespace {

std::unexpected<produce_refusal> refuse(produce_fault fault, std::string reason) {
  return std::unexpected(produce_refusal{fault, {}, {}, std::move(reason)});
}

// What Kafka answers when the records cannot be read. Its texts for these stay in its own log.
produce_fault fault_of(record_error error) {
  switch (error) {
    case record_error::bad_length:
    case record_error::bad_magic:
    case record_error::bad_crc:
      return produce_fault::corrupt_message;
    case record_error::cut_off:
    case record_error::old_magic:
    case record_error::bad_record:
    case record_error::bad_count:
      return produce_fault::invalid_record;
    case record_error::unknown_codec:
    case record_error::bad_compression:
      return produce_fault::unreadable;
    case record_error::too_large_unpacked:
      return produce_fault::record_too_large;
  }
  return produce_fault::unreadable;
}

// Feeds what is unpacked for the checks to the topic's own codec on the way.
class tee final : public piece_source {
 public:
  tee(std::unique_ptr<piece_source> from, compressor& into) : from_(std::move(from)), into_(into) {}
  std::expected<bytes, record_error> next() override {
    bytes piece = weir_try(from_->next());
    into_.add(piece.view());
    return piece;
  }

 private:
  std::unique_ptr<piece_source> from_;
  compressor& into_;
};

// Checks of the header alone, in the order of Kafka's answers when several things are wrong: base
// offset, size, CRC, then the rest.
std::expected<codec, produce_refusal> check_header(const batch& produced,
                                                   const produce_rules& rules) {
  using enum produce_fault;
  const auto& header = produced.header;
  if (header.base_offset.value() != 0) {
    return refuse(invalid_record, fmt::format("base offset {}", header.base_offset));
  }
  if (produced.all.size() > rules.message_bytes_max) {
    return refuse(record_too_large, fmt::format("a batch of {} bytes, {} are allowed",
                                                produced.all.size(), rules.message_bytes_max));
  }
  const auto crc = batch_crc(produced.all, 0, produced.all.size());
  if (crc != header.crc) {
    return refuse(corrupt_message,
                  fmt::format("CRC {:#x} where the batch says {:#x}", crc, header.crc));
  }
  // Offsets go to every record of the range, so range and count must agree.
  if (header.record_count <= 0 ||
      std::int64_t{header.last_offset_delta} + 1 != header.record_count) {
    return refuse(invalid_record, fmt::format("{} records with the last at {}", header.record_count,
                                              header.last_offset_delta));
  }
  // Only brokers end transactions (KIP-98).
  if (header.control()) return refuse(invalid_record, "a control batch from a client");
  // An idempotent batch without a sequence could not be told from its repetition. The epoch is
  // core/log's to check.
  if (header.has_producer() && header.base_sequence < 0) {
    return refuse(invalid_record, fmt::format("producer {} with base sequence {}", header.producer,
                                              header.base_sequence));
  }
  const auto type = header.compression();
  if (!type) {
    return refuse(unreadable,
                  fmt::format("compression {}", header.attributes & batch_header::codec_bits));
  }
  return *type;
}

}  // namespace

struct validation::state {
  state(batch p, produce_rules r) : produced(std::move(p)), rules(std::move(r)) {}

  std::expected<void, produce_refusal> begin();
  std::expected<bool, produce_refusal> some_records();
  void look_at(const record_shape& shape, std::int32_t index);
  std::optional<std::string> timestamp_fault(const record_shape& shape, timestamp time) const;
  void note(std::int32_t index, std::string message);
  produce_refusal records_refused();
  std::expected<validated_batch, produce_refusal> finish();
  fragments stored_bytes();

  batch produced;
  produce_rules rules;
  std::unique_ptr<compressor> packer;  // where the topic wants another codec
  std::optional<record_reader> reader;
  std::optional<std::expected<validated_batch, produce_refusal>> done;

  timestamp max_timestamp = no_timestamp;
  std::int32_t max_timestamp_delta = 0;
  std::vector<record_fault> faults;
  std::size_t fault_count = 0;
  bool bad_timestamp = false;
};

std::expected<void, produce_refusal> validation::state::begin() {
  const codec type = weir_try(check_header(produced, rules));
  const auto& all = produced.all;
  auto body = make_decompressor(type, all.slice(batch_header_size, all.size() - batch_header_size),
                                rules.unpacked_bytes_max);
  if (rules.compression && rules.compression->type != type) {
    packer = make_compressor(rules.compression->type, rules.compression->level);
    body = std::make_unique<tee>(std::move(body), *packer);
  }
  reader.emplace(produced.header, std::move(body));
  return {};
}

// Every record is looked at even where none has to change: what is stored will be read by every
// consumer, and a broken one would stop there. True when there are no more.
std::expected<bool, produce_refusal> validation::state::some_records() {
  const std::size_t until = reader->position() + piece_size_max;
  record_shape shape;
  while (reader->position() < until) {
    const std::int32_t index = reader->read_so_far();
    const auto found = reader->next_shape(shape);
    if (!found) {
      return refuse(fault_of(found.error()),
                    fmt::format("record {}: {}{}{}", index, describe(found.error()),
                                reader->complaint().empty() ? "" : ": ", reader->complaint()));
    }
    if (!*found) return true;
    // Kafka stores uncompressed batches with any deltas, and numbers records anew when it packs
    // them itself. Weir never stores a batch whose records are not where the log counts them.
    if (shape.offset_delta != index) {
      return refuse(produce_fault::invalid_record,
                    fmt::format("record {} has offset delta {}", index, shape.offset_delta));
    }
    look_at(shape, index);
  }
  return false;
}

void validation::state::look_at(const record_shape& shape, std::int32_t index) {
  const timestamp time = record_time(produced.header, shape.timestamp_delta);
  // A compacted log keeps the last record of each key, so there must be one. A record with both
  // faults is told of this one.
  if (rules.compacted && shape.key_size < 0) {
    note(index,
         fmt::format("Compacted topic cannot accept message without key in topic partition {}",
                     rules.partition));
  } else if (auto fault = timestamp_fault(shape, time)) {
    bad_timestamp = true;
    note(index, *std::move(fault));
  }
  if (time > max_timestamp) {
    max_timestamp = time;
    max_timestamp_delta = index;
  }
}

// KIP-937. The sentences are what Apache Kafka 4.3 sends.
std::optional<std::string> validation::state::timestamp_fault(const record_shape& shape,
                                                              timestamp time) const {
  if (rules.timestamps == timestamp_kind::log_append_time) {
    if (produced.header.timestamps() == timestamp_kind::create_time) return std::nullopt;
    return fmt::format(
        "Invalid timestamp type in message DefaultRecord(offset={}, timestamp={}, key={} bytes, "
        "value={} bytes). Producer should not set timestamp type to LogAppendTime.",
        shape.offset_delta, time, std::max(shape.key_size, 0), std::max(shape.value_size, 0));
  }
  if (time == no_timestamp) return std::nullopt;
  // `now` is a real time and the limits are not negative: the lower end cannot wrap, the upper can.
  const std::int64_t now = rules.now.value();
  const std::int64_t earliest = now - rules.before_ms_max;
  const std::int64_t latest =
      rules.after_ms_max > INT64_MAX - now ? INT64_MAX : now + rules.after_ms_max;
  if (time.value() >= earliest && time.value() <= latest) return std::nullopt;
  return fmt::format(
      "Timestamp {} of message with offset {} is out of range. The timestamp should be within [{}, "
      "{}]",
      time, shape.offset_delta, earliest, latest);
}

void validation::state::note(std::int32_t index, std::string message) {
  ++fault_count;
  if (faults.size() < record_faults_max) faults.push_back({index, std::move(message)});
}

produce_refusal validation::state::records_refused() {
  produce_refusal refusal{produce_fault::invalid_record, {}, {}, {}};
  if (bad_timestamp) {
    refusal.fault = produce_fault::invalid_timestamp;
    refusal.message = "One or more records have been rejected due to invalid timestamp";
  } else {
    refusal.message = fmt::format(
        "One or more records have been rejected due to {} record errors in total, and only showing "
        "the first three errors at most: [",
        fault_count);
    const std::size_t shown = std::min<std::size_t>(faults.size(), 3);
    for (std::size_t i = 0; i < shown; ++i) {
      refusal.message += fmt::format("{}RecordError(batchIndex={}, message='{}')",
                                     i == 0 ? "" : ", ", faults[i].batch_index, faults[i].message);
    }
    refusal.message += "]";
  }
  refusal.records = std::move(faults);
  refusal.reason = refusal.message;
  return refusal;
}

fragments validation::state::stored_bytes() {
  const auto& header = produced.header;
  if (packer) {
    batch_header packed = header;
    packed.attributes &= batch_header::transactional_bit;
    packed.attributes |= std::to_underlying(rules.compression->type);
    if (rules.timestamps == timestamp_kind::log_append_time) {
      packed.attributes |= batch_header::log_append_time_bit;
    }
    packed.max_timestamp = max_timestamp;
    return assemble_batch(packed, packer->finish());
  }
  // Producers' max timestamps are not trusted: retention and time searches rely on the field.
  if (header.timestamps() == rules.timestamps && header.max_timestamp == max_timestamp) {
    return produced.all;
  }
  return rewrite_times(produced.all, rules.timestamps, max_timestamp);
}

std::expected<validated_batch, produce_refusal> validation::state::finish() {
  if (fault_count > 0) return std::unexpected(records_refused());
  if (rules.timestamps == timestamp_kind::log_append_time) {
    max_timestamp = rules.now;
    max_timestamp_delta = 0;  // all have the same
  }
  fragments all = stored_bytes();
  // Another codec may have made it larger.
  if (all.size() > rules.message_bytes_max) {
    return refuse(produce_fault::record_too_large,
                  fmt::format("a batch of {} bytes after packing, {} are allowed", all.size(),
                              rules.message_bytes_max));
  }
  const auto header = read_batch_header(all);
  weir_check(header.has_value(), "a validated batch: {}", describe(header.error()));
  return validated_batch{.all = all,
                         .header = *header,
                         .record_count = header->record_count,
                         .max_timestamp = max_timestamp,
                         .max_timestamp_delta = max_timestamp_delta,
                         .size = all.size()};
}

validation::validation(batch produced, produce_rules rules)
    : state_(std::make_unique<state>(std::move(produced), std::move(rules))) {}
validation::~validation() = default;
validation::validation(validation&&) noexcept = default;
validation& validation::operator=(validation&&) noexcept = default;

bool validation::step() {
  auto& s = *state_;
  if (s.done) return true;
  if (!s.reader) {
    if (auto begun = s.begin(); !begun) s.done = std::unexpected(std::move(begun).error());
  } else if (auto all = s.some_records(); !all) {
    s.done = std::unexpected(std::move(all).error());
  } else if (*all) {
    s.done = s.finish();
  }
  return s.done.has_value();
}

std::expected<validated_batch, produce_refusal> validation::result() {
  weir_check(state_->done.has_value(), "a result before the last step");
  return std::move(*state_->done);
}

std::expected<validated_batch, produce_refusal> validate(const batch& produced,
                                                         const produce_rules& rules) {
  validation check(produced, rules);
  while (!check.step()) {
  }
  return check.result();
}

}  // namespace weir::record
