#include "core/record/batch_builder.h"

#include <array>
#include <utility>

#include "core/base/check.h"
#include "core/base/endian.h"
#include "core/base/varint.h"
#include "core/record/record_reader.h"

namespace weir::record {
namespace {

std::size_t field_size(const std::optional<std::string_view>& field) {
  return field ? varint_size(static_cast<std::int64_t>(field->size())) + field->size()
               : varint_size(-1);
}

// Up to three numbers side by side, so that the codec is called once for them.
class numbers {
 public:
  numbers& signed_number(std::int64_t value) {
    size_ += put_uvarint(buffer_.data() + size_, zigzag(value));
    return *this;
  }
  numbers& byte(char value) {
    buffer_[size_++] = value;
    return *this;
  }
  [[nodiscard]] std::string_view view() const { return {buffer_.data(), size_}; }

 private:
  std::array<char, 4 * varint_size_max> buffer_{};
  std::size_t size_ = 0;
};

std::optional<std::string_view> view_of(const std::optional<bytes>& field) {
  if (!field) return std::nullopt;
  return field->view();
}

void put_field(compressor& to, const std::optional<std::string_view>& field) {
  to.add(numbers().signed_number(field ? static_cast<std::int64_t>(field->size()) : -1).view());
  if (field) to.add(*field);
}

}  // namespace

batch_builder::batch_builder(const batch_plan& plan)
    : body_(make_compressor(plan.compression, plan.level)),
      delete_horizon_(plan.delete_horizon),
      next_(plan.base_offset) {
  header_.base_offset = plan.base_offset;
  header_.leader_epoch = plan.leader_epoch;
  header_.producer = plan.producer;
  header_.epoch = plan.epoch;
  header_.base_sequence = plan.base_sequence;
  header_.attributes = std::to_underlying(plan.compression);
  if (plan.timestamps == timestamp_kind::log_append_time) {
    header_.attributes |= batch_header::log_append_time_bit;
  }
  if (plan.transactional) header_.attributes |= batch_header::transactional_bit;
  if (plan.control) header_.attributes |= batch_header::control_bit;
  if (plan.delete_horizon) header_.attributes |= batch_header::delete_horizon_bit;
}

batch_builder::~batch_builder() = default;

void batch_builder::add(const new_record& record) {
  add_at(next_, record);
}

// Everything of a record before its key.
void batch_builder::begin_record(weir::offset at, timestamp time, std::size_t fields_size) {
  weir_check(at >= next_, "a record at offset {} after {}", at, next_);
  const std::int64_t offset_delta = at - header_.base_offset;
  weir_check(offset_delta <= INT32_MAX, "a record {} offsets into its batch", offset_delta);
  if (header_.record_count == 0) {
    header_.base_timestamp = delete_horizon_.value_or(time);
    header_.max_timestamp = time;
  }
  // Readers add it in the same way, so that any two times are a right distance apart.
  const auto time_delta =
      static_cast<std::int64_t>(static_cast<std::uint64_t>(time.value()) -
                                static_cast<std::uint64_t>(header_.base_timestamp.value()));
  const std::size_t size = 1 + varint_size(time_delta) + varint_size(offset_delta) + fields_size;
  weir_check(size <= INT32_MAX, "a record of {} bytes", size);
  body_->add(numbers()
                 .signed_number(static_cast<std::int64_t>(size))
                 .byte(0)
                 .signed_number(time_delta)
                 .signed_number(offset_delta)
                 .view());
  header_.max_timestamp = std::max(header_.max_timestamp, time);
  header_.last_offset_delta = static_cast<std::int32_t>(offset_delta);
  ++header_.record_count;
  next_ = at + 1;
}

void batch_builder::add_at(weir::offset at, const new_record& record) {
  std::size_t size = field_size(record.key) + field_size(record.value) +
                     varint_size(static_cast<std::int64_t>(record.headers.size()));
  for (const auto& [key, value] : record.headers) size += field_size(key) + field_size(value);
  begin_record(at, record.time, size);
  put_field(*body_, record.key);
  put_field(*body_, record.value);
  body_->add(numbers().signed_number(static_cast<std::int64_t>(record.headers.size())).view());
  for (const auto& [key, value] : record.headers) {
    put_field(*body_, key);
    put_field(*body_, value);
  }
}

void batch_builder::add(const record& as_read) {
  const auto key = view_of(as_read.key);
  const auto value_size = as_read.value ? static_cast<std::int64_t>(as_read.value->size()) : -1;
  const auto headers = static_cast<std::int64_t>(as_read.headers.size());
  std::size_t size = field_size(key) + varint_size(value_size) +
                     (as_read.value ? as_read.value->size() : 0) + varint_size(headers);
  for (const auto& h : as_read.headers)
    size += field_size(h.key.view()) + field_size(view_of(h.value));
  begin_record(as_read.offset, as_read.time, size);
  put_field(*body_, key);
  body_->add(numbers().signed_number(value_size).view());
  if (as_read.value) {
    for (const auto& piece : as_read.value->pieces()) body_->add(piece.view());
  }
  body_->add(numbers().signed_number(headers).view());
  for (const auto& h : as_read.headers) {
    put_field(*body_, h.key.view());
    put_field(*body_, view_of(h.value));
  }
}

fragments batch_builder::finish(std::optional<std::int32_t> last_offset_delta) {
  weir_check(header_.record_count > 0, "a batch without records");
  if (last_offset_delta) {
    weir_check(*last_offset_delta >= header_.last_offset_delta, "a batch that ends at {}, not {}",
               *last_offset_delta, header_.last_offset_delta);
    header_.last_offset_delta = *last_offset_delta;
  }
  return assemble_batch(header_, body_->finish());
}

fragments make_marker(marker kind, weir::offset at, std::int32_t leader_epoch, timestamp now,
                      weir::producer_id producer, weir::producer_epoch epoch,
                      std::int32_t coordinator_epoch) {
  std::array<char, 4> key{};  // version, kind
  store_be<std::int16_t>(key.data() + 2, std::to_underlying(kind));
  std::array<char, 6> value{};  // version, coordinator epoch
  store_be(value.data() + 2, coordinator_epoch);
  batch_builder builder({.base_offset = at,
                         .leader_epoch = leader_epoch,
                         .producer = producer,
                         .epoch = epoch,
                         .transactional = true,
                         .control = true});
  builder.add({.time = now,
               .key = std::string_view(key.data(), key.size()),
               .value = std::string_view(value.data(), value.size())});
  return builder.finish();
}

std::expected<std::optional<marker_seen>, record_error> read_marker(const batch_header& header,
                                                                    const fragments& batch) {
  constexpr std::size_t control_batch_max = 64 * 1024;
  record_reader reader(header, batch, control_batch_max);
  record only;
  if (!weir_try(reader.next(only))) return std::unexpected(record_error::bad_count);
  if (!only.key || only.key->size() < 4) return std::unexpected(record_error::bad_record);
  const auto kind = load_be<std::int16_t>(only.key->data() + 2);
  if (kind != std::to_underlying(marker::abort) && kind != std::to_underlying(marker::commit)) {
    return std::nullopt;
  }
  if (!only.value || only.value->size() < 6) return std::unexpected(record_error::bad_record);
  std::array<char, 4> epoch{};
  only.value->copy_to(2, epoch.size(), epoch.data());
  return marker_seen{static_cast<marker>(kind), load_be<std::int32_t>(epoch.data())};
}

}  // namespace weir::record
