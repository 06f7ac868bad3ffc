#include "core/record/batch_header.h"

#include <array>
#include <utility>

#include "core/base/check.h"
#include "core/base/crc32c.h"
#include "core/base/endian.h"

namespace weir::record {
namespace {

// Where the fields are (KIP-98; docs/formats/record-batch.md).
constexpr std::size_t at_base_offset = 0;
constexpr std::size_t at_batch_length = 8;
constexpr std::size_t at_leader_epoch = 12;
constexpr std::size_t at_magic = 16;
constexpr std::size_t at_crc = 17;
constexpr std::size_t at_attributes = 21;
constexpr std::size_t at_last_offset_delta = 23;
constexpr std::size_t at_base_timestamp = 27;
constexpr std::size_t at_max_timestamp = 35;
constexpr std::size_t at_producer = 43;
constexpr std::size_t at_epoch = 51;
constexpr std::size_t at_base_sequence = 53;
constexpr std::size_t at_record_count = 57;

using raw_header = std::array<char, batch_header_size>;

// `head` in front of the shared rest of `batch`.
fragments with_head(const raw_header& head, const fragments& batch) {
  fragments all(bytes::copy({head.data(), head.size()}));
  all.append(batch.slice(batch_header_size, batch.size() - batch_header_size));
  return all;
}

raw_header head_of(const fragments& batch) {
  weir_check(batch.size() >= batch_header_size, "a batch of {} bytes", batch.size());
  raw_header head;
  batch.copy_to(0, head.size(), head.data());
  return head;
}

std::uint32_t crc_over(const raw_header& head, const fragments& body, std::size_t body_from) {
  const auto covered = std::string_view(head.data(), head.size()).substr(crc_covers_from);
  return crc32c(body, body_from, body.size() - body_from, crc32c(covered));
}

}  // namespace

std::expected<codec, record_error> batch_header::compression() const {
  const int bits = attributes & codec_bits;
  if (bits > std::to_underlying(codec::zstd)) return std::unexpected(record_error::unknown_codec);
  return static_cast<codec>(bits);
}

std::int32_t batch_header::last_sequence() const {
  if (base_sequence < 0) return -1;
  constexpr std::int64_t sequences = std::int64_t{INT32_MAX} + 1;
  return static_cast<std::int32_t>((std::int64_t{base_sequence} + last_offset_delta) % sequences);
}

std::expected<batch_header, record_error> read_batch_header(std::string_view from) {
  if (from.size() < batch_header_size) return std::unexpected(record_error::cut_off);
  const char* at = from.data();
  batch_header header;
  header.batch_length = load_be<std::int32_t>(at + at_batch_length);
  header.magic = load_be<std::int8_t>(at + at_magic);
  if (header.magic != current_magic) {
    return std::unexpected(header.magic == 0 || header.magic == 1 ? record_error::old_magic
                                                                  : record_error::bad_magic);
  }
  if (header.batch_length < static_cast<std::int32_t>(batch_header_size - batch_length_from)) {
    return std::unexpected(record_error::bad_length);
  }
  header.base_offset = weir::offset(load_be<std::int64_t>(at + at_base_offset));
  header.leader_epoch = load_be<std::int32_t>(at + at_leader_epoch);
  header.crc = load_be<std::uint32_t>(at + at_crc);
  header.attributes = load_be<std::int16_t>(at + at_attributes);
  header.last_offset_delta = load_be<std::int32_t>(at + at_last_offset_delta);
  header.base_timestamp = timestamp(load_be<std::int64_t>(at + at_base_timestamp));
  header.max_timestamp = timestamp(load_be<std::int64_t>(at + at_max_timestamp));
  header.producer = weir::producer_id(load_be<std::int64_t>(at + at_producer));
  header.epoch = weir::producer_epoch(load_be<std::int16_t>(at + at_epoch));
  header.base_sequence = load_be<std::int32_t>(at + at_base_sequence);
  header.record_count = load_be<std::int32_t>(at + at_record_count);
  return header;
}

std::expected<batch_header, record_error> read_batch_header(const fragments& from, std::size_t at) {
  if (at > from.size() || from.size() - at < batch_header_size) {
    return std::unexpected(record_error::cut_off);
  }
  raw_header head;
  from.copy_to(at, head.size(), head.data());
  return read_batch_header(std::string_view(head.data(), head.size()));
}

void put_batch_header(const batch_header& header, char* to) {
  store_be(to + at_base_offset, header.base_offset.value());
  store_be(to + at_batch_length, header.batch_length);
  store_be(to + at_leader_epoch, header.leader_epoch);
  store_be(to + at_magic, header.magic);
  store_be(to + at_crc, header.crc);
  store_be(to + at_attributes, header.attributes);
  store_be(to + at_last_offset_delta, header.last_offset_delta);
  store_be(to + at_base_timestamp, header.base_timestamp.value());
  store_be(to + at_max_timestamp, header.max_timestamp.value());
  store_be(to + at_producer, header.producer.value());
  store_be(to + at_epoch, header.epoch.value());
  store_be(to + at_base_sequence, header.base_sequence);
  store_be(to + at_record_count, header.record_count);
}

std::uint32_t batch_crc(const fragments& from, std::size_t at, std::size_t size) {
  weir_check(size >= batch_header_size, "a batch of {} bytes", size);
  return crc32c(from, at + crc_covers_from, size - crc_covers_from);
}

fragments rewrite_place(const fragments& batch, weir::offset base_offset,
                        std::int32_t leader_epoch) {
  raw_header head = head_of(batch);
  store_be(head.data() + at_base_offset, base_offset.value());
  store_be(head.data() + at_leader_epoch, leader_epoch);
  return with_head(head, batch);
}

fragments rewrite_times(const fragments& batch, timestamp_kind kind, timestamp max) {
  raw_header head = head_of(batch);
  // Bits without a meaning go, as Kafka drops them when it rewrites.
  auto attributes = load_be<std::int16_t>(head.data() + at_attributes);
  attributes &= batch_header::codec_bits | batch_header::transactional_bit |
                batch_header::control_bit | batch_header::delete_horizon_bit;
  if (kind == timestamp_kind::log_append_time) attributes |= batch_header::log_append_time_bit;
  store_be(head.data() + at_attributes, attributes);
  store_be(head.data() + at_max_timestamp, max.value());
  store_be(head.data() + at_crc, crc_over(head, batch, batch_header_size));
  return with_head(head, batch);
}

fragments assemble_batch(batch_header header, fragments body) {
  const std::size_t length = body.size() + batch_header_size - batch_length_from;
  weir_check(length <= INT32_MAX, "a batch body of {} bytes", body.size());
  header.batch_length = static_cast<std::int32_t>(length);
  raw_header head;
  put_batch_header(header, head.data());
  store_be(head.data() + at_crc, crc_over(head, body, 0));
  fragments all(bytes::copy({head.data(), head.size()}));
  all.append(body);
  return all;
}

}  // namespace weir::record
