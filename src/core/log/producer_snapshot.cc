// The producer snapshot's bytes: docs/formats/producer-snapshot.md.
#include <array>
#include <utility>

#include "core/base/check.h"
#include "core/base/crc32c.h"
#include "core/base/endian.h"
#include "core/log/producer_sequences.h"

namespace weir::log {
namespace {

constexpr std::string_view magic = "WEIRPSN\n";
constexpr std::uint32_t version = 2;
constexpr std::uint32_t version_without_transactions = 1;
constexpr std::size_t header_size = 40;
constexpr std::size_t tail_head_size = 32;  // behind the producers, since version 2
constexpr std::size_t piece_size = 64 << 10;
constexpr std::size_t fixed_size = 28;  // of a producer
constexpr std::size_t batch_size = 48;
// Optional fields, present where their bit is set, in this order after the batches.
constexpr std::uint8_t has_coordinator_epoch = 1;  // i32
constexpr std::uint8_t has_transaction = 2;        // i64, first offset; u64, the entry there
constexpr std::uint8_t has_marker = 4;             // u64, its entry; i64, append time
constexpr std::size_t optional_size_max = 4 + 16 + 16;
constexpr std::size_t producer_size_max =
    fixed_size + producer_sequences::window * batch_size + optional_size_max;
constexpr std::size_t aborted_size = 32;
constexpr std::size_t ended_size = 16;

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

std::uint8_t optional_fields(const producer_sequences::producer_state& s) {
  return static_cast<std::uint8_t>((s.coordinator_epoch != -1 ? has_coordinator_epoch : 0) |
                                   (s.open() ? has_transaction : 0) |
                                   (s.marked_at != log_index{} ? has_marker : 0));
}

std::size_t optional_size(std::uint8_t fields) {
  return ((fields & has_coordinator_epoch) ? 4 : 0) + ((fields & has_transaction) ? 16 : 0) +
         ((fields & has_marker) ? 16 : 0);
}

void put_producer(std::string& to, const producer_sequences::producer_state& s) {
  const auto optional = optional_fields(s);
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
  if (optional & has_transaction) {
    put(to, s.transaction_start.value());
    put(to, s.transaction_began.value());
  }
  if (optional & has_marker) {
    put(to, s.marked_at.value());
    put(to, s.marker_time.value());
  }
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

// One that is present says something.
bool get_optional(fragments_cursor& from, std::uint8_t fields, log_index covers,
                  producer_sequences::producer_state& s) {
  if (fields & has_coordinator_epoch) {
    s.coordinator_epoch = get<std::int32_t>(from);
    if (s.coordinator_epoch < 0) return false;
  }
  if (fields & has_transaction) {
    s.transaction_start = offset(get<std::int64_t>(from));
    s.transaction_began = log_index(get<std::uint64_t>(from));
    if (s.transaction_start.value() < 0 || s.transaction_began == log_index{} ||
        s.transaction_began > covers)
      return false;
  }
  if (fields & has_marker) {
    s.marked_at = log_index(get<std::uint64_t>(from));
    s.marker_time = timestamp(get<std::int64_t>(from));
    if (s.marked_at == log_index{} || s.marked_at > covers) return false;
  }
  return true;
}

std::expected<producer_sequences::producer_state, log_error> get_producer(fragments_cursor& from,
                                                                          std::uint8_t known,
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
      (optional & ~known) != 0 || s.forgot_at > covers) {
    return std::unexpected(log_error::bad_field);
  }
  if (from.left() < s.count * batch_size + optional_size(optional))
    return std::unexpected(log_error::cut_off);
  log_index before{};
  for (std::size_t i = 0; i < s.count; ++i) {
    s.batches[i] = weir_try(get_batch(from));
    if (s.batches[i].index <= before || s.batches[i].index > covers) {
      return std::unexpected(log_error::bad_field);
    }
    before = s.batches[i].index;
  }
  if (!get_optional(from, optional, covers, s)) return std::unexpected(log_error::bad_field);
  return s;
}

// Pieces of bounded size.
class piecewise {
 public:
  std::string& room(std::size_t size) {
    if (piece_.size() + size > piece_size) body_.append(bytes::from(std::exchange(piece_, {})));
    return piece_;
  }
  fragments take() {
    body_.append(bytes::from(std::move(piece_)));
    return std::move(body_);
  }

 private:
  fragments body_;
  std::string piece_;
};

}  // namespace

fragments producer_sequences::encode(log_index covers) const {
  piecewise out;
  for (const auto& state : by_age_) put_producer(out.room(producer_size_max), state);
  auto& tail = out.room(tail_head_size);
  put(tail, marked_at_.value());
  put(tail, aborted_.complete_from_.value());
  put(tail, static_cast<std::uint64_t>(aborted_.all_.size()));
  put(tail, static_cast<std::uint64_t>(ended_.size()));
  for (const auto& one : aborted_.all_) {
    auto& to = out.room(aborted_size);
    put(to, one.producer.value());
    put(to, one.first.value());
    put(to, one.last.value());
    put(to, one.stable.value());
  }
  for (const auto& one : ended_) {
    auto& to = out.room(ended_size);
    put(to, one.first.value());
    put(to, one.marker.value());
  }
  const auto body = out.take();

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

// What is read goes into `to`, which has nothing yet.
struct producer_sequences::snapshot_reader {
  producer_sequences& to;
  fragments_cursor& from;
  log_index covers;
  std::uint8_t known = 0;

  std::expected<void, log_error> producers(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      auto state = weir_try(get_producer(from, known, covers));
      const bool twice = to.by_id_.contains(state.id) ||
                         (state.open() && to.open_.contains(state.transaction_start));
      if (twice) return std::unexpected(log_error::bad_field);
      // The limit may have been lowered since: the oldest go.
      to.touch(state.id, covers) = state;
      if (state.open()) to.open_.emplace(state.transaction_start, state.id);
    }
    return {};
  }

  std::expected<void, log_error> transactions() {
    if (from.left() < tail_head_size) return std::unexpected(log_error::cut_off);
    to.marked_at_ = log_index(get<std::uint64_t>(from));
    to.aborted_.complete_from_ = offset(get<std::int64_t>(from));
    const auto aborted_count = get<std::uint64_t>(from);
    const auto ended_count = get<std::uint64_t>(from);
    if (to.marked_at_ > covers || to.aborted_.complete_from_.value() < 0 ||
        aborted_count > from.left() / aborted_size || ended_count > from.left() / ended_size ||
        aborted_count * aborted_size + ended_count * ended_size != from.left())
      return std::unexpected(log_error::bad_field);
    for (std::uint64_t i = 0; i < aborted_count; ++i) weir_try_void(aborted());
    for (std::uint64_t i = 0; i < ended_count; ++i) weir_try_void(ended());
    return {};
  }

  std::expected<void, log_error> aborted() {
    aborted_transaction one;
    one.producer = producer_id(get<std::int64_t>(from));
    one.first = offset(get<std::int64_t>(from));
    one.last = offset(get<std::int64_t>(from));
    one.stable = offset(get<std::int64_t>(from));
    const auto& all = to.aborted_.all_;
    if (one.producer.value() < 0 || one.first.value() < 0 || one.last <= one.first ||
        one.last.value() == INT64_MAX || one.stable.value() < 0 || one.stable > one.last + 1 ||
        one.last < to.aborted_.complete_from_ || (!all.empty() && one.last <= all.back().last))
      return std::unexpected(log_error::bad_field);
    to.aborted_.add(one);
    return {};
  }

  std::expected<void, log_error> ended() {
    ended_transaction one{};
    one.first = offset(get<std::int64_t>(from));
    one.marker = offset(get<std::int64_t>(from));
    const auto& all = to.ended_;
    if (one.first.value() < 0 || one.marker <= one.first ||
        (!all.empty() && (one.first <= all.back().first || one.marker <= all.back().marker)))
      return std::unexpected(log_error::bad_field);
    to.ended_.push_back(one);
    return {};
  }
};

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
  if (file_version == 0 || out.producers.evicted_at_ > out.covers ||
      count > from.left() / fixed_size) {
    return std::unexpected(log_error::bad_field);
  }
  const bool with_transactions = file_version > version_without_transactions;
  const std::uint8_t known =
      with_transactions ? has_coordinator_epoch | has_transaction | has_marker : 0;
  snapshot_reader reader{.to = out.producers, .from = from, .covers = out.covers, .known = known};
  weir_try_void(reader.producers(count));
  if (with_transactions) weir_try_void(reader.transactions());
  if (from.left() != 0) return std::unexpected(log_error::bad_field);
  return out;
}

}  // namespace weir::log
