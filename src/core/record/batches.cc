#include "core/record/batches.h"

#include <fmt/format.h>

#include <array>

#include "core/base/endian.h"

namespace weir::record {
namespace {

// As far as the magic byte all message formats agree; Kafka finds batches by this part alone.
constexpr std::size_t to_magic_size = 17;
// The least that Kafka takes for any format's length: a record of format 0.
constexpr std::int32_t least_length = 14;

struct found {
  std::size_t size;
  std::int8_t magic;
};

struct unfound {
  record_error error;
  std::string message;
};

// The batch at `at` by its length and magic; nothing where the rest holds none.
std::expected<std::optional<found>, unfound> find(const fragments& over, std::size_t at) {
  const std::size_t left = over.size() - at;
  if (left < batch_length_from) return std::nullopt;
  std::array<char, to_magic_size> head{};
  over.copy_to(at, std::min(left, head.size()), head.data());
  const auto length = load_be<std::int32_t>(head.data() + 8);
  if (length < least_length) {
    return std::unexpected(
        unfound{record_error::bad_length,
                fmt::format("Record size {} is less than the minimum record overhead ({})", length,
                            least_length)});
  }
  if (left < to_magic_size) return std::nullopt;
  const auto magic = static_cast<std::int8_t>(head[16]);
  if (magic < 0 || magic > current_magic) {
    return std::unexpected(
        unfound{record_error::bad_magic, fmt::format("Invalid magic found in record: {}", magic)});
  }
  const std::size_t size = batch_length_from + static_cast<std::size_t>(length);
  if (left < size) return std::nullopt;
  return found{size, magic};
}

std::unexpected<produce_refusal> refuse(produce_fault fault, std::string reason,
                                        std::string message = {}) {
  return std::unexpected(produce_refusal{fault, std::move(message), {}, std::move(reason)});
}

}  // namespace

std::expected<std::optional<batch>, record_error> batch_walk::next() {
  const auto here = find(*over_, at_);
  if (!here) return std::unexpected(here.error().error);
  if (!*here) return std::nullopt;
  const std::size_t size = (*here)->size;
  if ((*here)->magic != current_magic) return std::unexpected(record_error::old_magic);
  if (size < batch_header_size) return std::unexpected(record_error::bad_length);
  const auto header = read_batch_header(*over_, at_);
  if (!header) return std::unexpected(header.error());
  batch whole{*header, over_->slice(at_, size)};
  at_ += size;
  return whole;
}

std::expected<batch, produce_refusal> take_produced_batch(const fragments& records,
                                                          std::int16_t version) {
  // Lengths and magic bytes that make no sense are the only refusals of a request whose text Kafka
  // sends, and only for the first batch.
  const auto first = find(records, 0);
  if (!first) {
    return refuse(produce_fault::corrupt_message, first.error().message, first.error().message);
  }
  if (!*first) {
    return refuse(produce_fault::invalid_record, "no whole batch in the request");
  }
  const auto [size, magic] = **first;
  if (magic != current_magic) {
    return refuse(produce_fault::invalid_record, fmt::format("message format {}", magic));
  }
  const auto second = find(records, size);
  if (!second) return refuse(produce_fault::corrupt_message, second.error().message);
  // KIP-110: zstd came with version 7 of the request.
  constexpr std::int16_t first_zstd_version = 7;
  std::array<char, 2> attributes{};
  if (size >= batch_header_size) records.copy_to(crc_covers_from, 2, attributes.data());
  const int codec_bits = load_be<std::int16_t>(attributes.data()) & batch_header::codec_bits;
  if (version < first_zstd_version && codec_bits == static_cast<int>(codec::zstd)) {
    return refuse(produce_fault::unsupported_compression,
                  fmt::format("zstd in version {} of Produce", version));
  }
  if (*second) return refuse(produce_fault::invalid_record, "more than one batch");
  if (size < batch_header_size) {
    return refuse(produce_fault::corrupt_message, fmt::format("a batch of {} bytes", size));
  }
  const auto header = read_batch_header(records);
  if (!header) {
    return refuse(produce_fault::corrupt_message, std::string(describe(header.error())));
  }
  // Bytes behind the batch that make no second one are dropped, as Kafka drops them.
  return batch{*header, records.slice(0, size)};
}

}  // namespace weir::record
