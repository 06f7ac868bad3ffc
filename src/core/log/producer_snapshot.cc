// The producer snapshot's bytes: docs/formats/producer-snapshot.md.
#include <array>

#include "core/base/check.h"
#include "core/base/crc32c.h"
#include "core/base/endian.h"
#include "core/log/producer_sequences.h"

namespace weir::log {
namespace {

constexpr std::string_view magic = "WEIRPSN\n";
constexpr std::uint32_t version = 1;
constexpr std::size_t header_size = 40;
constexpr std::size_t piece_size = 64 << 10;
constexpr std::size_t fixed_size = 28;  // of a producer
constexpr std::size_t batch_size = 48;
// Optional fields, present where their bit is set, in this order after the batches.
constexpr std::uint8_t has_coordinator_epoch = 1;  // i32
constexpr std::uint8_t has_transaction = 2;        // i64, first offset
constexpr std::size_t producer_size_max =
    fixed_size + producer_sequences::window * batch_size + 4 + 8;

template <typename T>
void put(std::string& to, T value) {
  char bytes[sizeof(T)];
  store_le(bytes, value);
  to.append(bytes, sizeof bytes);
}
template <typename T>
T get(fragments_cursor& from) {
  char bytes[sizeof(T)];
  from.read(bytes, sizeof bytes);
  return load_le<T>(bytes);
}

void put_producer(std::string& to, const producer_sequences::producer_state& s) {
  const std::uint8_t optional = (s.coordinator_epoch != -1 ? has_coordinator_epoch : 0) |
                                (s.transaction_start != no_offset ? has_transaction : 0);
  put(to, s.id.value());
  put(to, s.epoch.value());
  put(to, s.count);
  put(to, optional);
  put(to, s.forgot_at.value());
  put(to, s.last_append.value());
  for (std::size_t i = 0; i < s.count; ++i) {
    const auto& b = s.batches[i];
    put(to, b.first_sequence);
    put(to, b.last_sequence);
    put(to, b.base_offset.value());
    put(to, b.last_offset.value());
    put(to, b.index.value());
    put(to, b.append_time.value());
    put(to, b.max_timestamp.value());
  }
  if (optional & has_coordinator_epoch) put(to, s.coordinator_epoch);
  if (optional & has_transaction) put(to, s.transaction_start.value());
}

std::expected<known_batch, log_error> get_batch(fragments_cursor& from) {
  known_batch b;
  b.first_sequence = get<std::int32_t>(from);
  b.last_sequence = get<std::int32_t>(from);
  b.base_offset = offset(get<std::int64_t>(from));
  b.last_offset = offset(get<std::int64_t>(from));
  b.index = log_index(get<std::uint64_t>(from));
  b.append_time = timestamp(get<std::int64_t>(from));
  b.max_timestamp = timestamp(get<std::int64_t>(from));
  if (b.first_sequence < 0 || b.last_sequence < 0 || b.base_offset.value() < 0 ||
      b.last_offset < b.base_offset) {
    return std::unexpected(log_error::bad_field);
  }
  return b;
}

std::expected<producer_sequences::producer_state, log_error> get_producer(fragments_cursor& from,
                                                                          log_index covers) {
  if (from.left() < fixed_size) return std::unexpected(log_error::cut_off);
  producer_sequences::producer_state s;
  s.id = producer_id(get<std::int64_t>(from));
  s.epoch = producer_epoch(get<std::int16_t>(from));
  s.count = get<std::uint8_t>(from);
  const auto optional = get<std::uint8_t>(from);
  s.forgot_at = log_index(get<std::uint64_t>(from));
  s.last_append = timestamp(get<std::int64_t>(from));
  if (s.id.value() < 0 || s.epoch.value() < -1 || s.count > producer_sequences::window ||
      (optional & ~(has_coordinator_epoch | has_transaction)) != 0 || s.forgot_at > covers) {
    return std::unexpected(log_error::bad_field);
  }
  const std::size_t rest = s.count * batch_size + ((optional & has_coordinator_epoch) ? 4 : 0) +
                           ((optional & has_transaction) ? 8 : 0);
  if (from.left() < rest) return std::unexpected(log_error::cut_off);
  log_index before{};
  for (std::size_t i = 0; i < s.count; ++i) {
    s.batches[i] = weir_try(get_batch(from));
    if (s.batches[i].index <= before || s.batches[i].index > covers) {
      return std::unexpected(log_error::bad_field);
    }
    before = s.batches[i].index;
  }
  if (optional & has_coordinator_epoch) s.coordinator_epoch = get<std::int32_t>(from);
  if (optional & has_transaction) s.transaction_start = offset(get<std::int64_t>(from));
  // One that is present says something.
  if (((optional & has_coordinator_epoch) && s.coordinator_epoch < 0) ||
      ((optional & has_transaction) && s.transaction_start.value() < 0)) {
    return std::unexpected(log_error::bad_field);
  }
  return s;
}

}  // namespace

fragments producer_sequences::encode(log_index covers) const {
  fragments body;
  std::string piece;
  for (const auto& state : by_age_) {
    if (piece.size() + producer_size_max > piece_size) {
      body.append(bytes::from(std::exchange(piece, {})));
    }
    put_producer(piece, state);
  }
  body.append(bytes::from(std::move(piece)));

  std::string rest;  // of the header, after the checksum
  put(rest, covers.value());
  put(rest, evicted_at_.value());
  put(rest, static_cast<std::uint64_t>(by_age_.size()));
  std::string header(magic);
  put(header, version);
  put(header, crc32c(body, 0, body.size(), crc32c(rest)));
  header += rest;
  fragments file(bytes::from(std::move(header)));
  file.append(body);
  return file;
}

std::expected<producer_sequences::snapshot, log_error> producer_sequences::decode(
    const fragments& file, std::size_t producers_max) {
  if (file.size() < header_size) return std::unexpected(log_error::cut_off);
  fragments_cursor from(file);
  std::array<char, magic.size()> start;
  from.read(start.data(), start.size());
  if (std::string_view(start.data(), start.size()) != magic) {
    return std::unexpected(log_error::bad_magic);
  }
  const auto file_version = get<std::uint32_t>(from);
  if (file_version > version) return std::unexpected(log_error::newer_version);
  const auto crc = get<std::uint32_t>(from);
  if (crc != crc32c(file, from.position(), from.left())) {
    return std::unexpected(log_error::bad_checksum);
  }
  snapshot out{.producers = producer_sequences(producers_max)};
  out.covers = log_index(get<std::uint64_t>(from));
  out.producers.evicted_at_ = log_index(get<std::uint64_t>(from));
  const auto count = get<std::uint64_t>(from);
  if (file_version != version || out.producers.evicted_at_ > out.covers ||
      count > from.left() / fixed_size) {
    return std::unexpected(log_error::bad_field);
  }
  for (std::uint64_t i = 0; i < count; ++i) {
    auto state = weir_try(get_producer(from, out.covers));
    if (out.producers.by_id_.contains(state.id)) return std::unexpected(log_error::bad_field);
    // The limit may have been lowered since: the oldest go.
    out.producers.touch(state.id, out.covers) = state;
  }
  if (from.left() != 0) return std::unexpected(log_error::bad_field);
  return out;
}

}  // namespace weir::log
