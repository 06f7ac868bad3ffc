#include "core/telemetry/otlp_reader.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "core/base/check.h"
#include "core/base/endian.h"

namespace weir::telemetry {
namespace {

// Wire types of protocol buffers.
constexpr std::uint32_t varint = 0;
constexpr std::uint32_t fixed64 = 1;
constexpr std::uint32_t sized = 2;
constexpr std::uint32_t fixed32 = 5;
constexpr std::uint64_t delta_temporality = 1;

// The child message that a field of a message is; nothing for the others.
constexpr std::uint32_t resource_metrics_field = 1;
constexpr std::uint32_t scope_metrics_field = 2;
constexpr std::uint32_t metrics_field = 2;
constexpr std::uint32_t data_points_field = 1;

}  // namespace

bool is_metric_name(std::string_view name) {
  return !name.empty() && name.size() <= metric_name_max && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-' || c == '/';
  });
}

otlp_reader::otlp_reader(const fragments& over) : from_(over) {
  open(message::data, over.size());
}

void otlp_reader::open(message what, std::size_t size) {
  weir_check(depth_ < open_.size(), "{} messages inside each other", depth_);
  open_[depth_++] = {.what = what, .end = from_.position() + size};
}

std::expected<std::optional<metric>, otlp_error> otlp_reader::next(std::size_t fields) {
  while (depth_ > 0 && fields-- > 0) {
    if (from_.position() == open_[depth_ - 1].end) {
      if (auto done = close()) return done;
      continue;
    }
    weir_try_void(take(weir_try(read_field())));
  }
  return std::nullopt;
}

std::expected<std::uint64_t, otlp_error> otlp_reader::read_varint() {
  std::uint64_t value = 0;
  const auto end = open_[depth_ - 1].end;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (from_.position() == end) return std::unexpected(otlp_error::malformed);
    char c = 0;
    from_.read(&c, 1);
    const auto group = static_cast<unsigned char>(c);
    value |= static_cast<std::uint64_t>(group & 0x7f) << shift;
    if (group < 0x80) return value;
  }
  return std::unexpected(otlp_error::malformed);
}

// A field's head and, unless it is bytes, its value; those stay to be read.
std::expected<otlp_reader::field, otlp_error> otlp_reader::read_field() {
  const auto key = weir_try(read_varint());
  field f{.number = static_cast<std::uint32_t>(key >> 3),
          .wire = static_cast<std::uint32_t>(key & 7)};
  const auto left = [this] { return open_[depth_ - 1].end - from_.position(); };
  if (key >> 32 != 0 || f.number == 0) return std::unexpected(otlp_error::malformed);
  if (f.wire == varint || f.wire == sized) {
    f.value = weir_try(read_varint());
    if (f.wire == sized && f.value > left()) return std::unexpected(otlp_error::malformed);
    return f;
  }
  const std::size_t size = f.wire == fixed64 ? 8 : f.wire == fixed32 ? 4 : 0;
  if (size == 0 || size > left()) return std::unexpected(otlp_error::malformed);
  char raw[8] = {};
  from_.read(raw, size);
  f.value = load_le<std::uint64_t>(raw);
  return f;
}

otlp_reader::outcome otlp_reader::take(const field& f) {
  const auto enter = [&](std::uint32_t number, message what) {
    if (f.number == number && f.wire == sized) {
      open(what, f.value);
    } else if (f.wire == sized) {
      from_.skip(f.value);
    }
  };
  switch (open_[depth_ - 1].what) {
    case message::data:
      enter(resource_metrics_field, message::resource);
      return {};
    case message::resource:
      enter(scope_metrics_field, message::scope);
      return {};
    case message::scope:
      if (f.number == metrics_field) at_hand_ = {};
      enter(metrics_field, message::metric);
      return {};
    case message::metric:
      return take_of_metric(f);
    case message::sum:
      take_of_sum(f);
      enter(data_points_field, message::point);
      return {};
    case message::gauge:
      enter(data_points_field, message::point);
      return {};
    case message::point:
      take_of_point(f);
      return {};
  }
  return {};
}

otlp_reader::outcome otlp_reader::take_of_metric(const field& f) {
  constexpr std::uint32_t name = 1;
  constexpr std::uint32_t gauge = 5;
  constexpr std::uint32_t sum = 7;
  if (f.wire != sized) return {};
  if (f.number == gauge) {
    at_hand_.kind = metric_kind::gauge;
    open(message::gauge, f.value);
  } else if (f.number == sum) {
    rises_ = delta_ = false;
    open(message::sum, f.value);
  } else if (f.number == name && f.value <= metric_name_max) {
    at_hand_.name.resize(f.value);
    from_.read(at_hand_.name.data(), f.value);
  } else {
    from_.skip(f.value);
  }
  return {};
}

void otlp_reader::take_of_sum(const field& f) {
  constexpr std::uint32_t temporality = 2;
  constexpr std::uint32_t is_monotonic = 3;
  if (f.wire != varint) return;
  if (f.number == temporality) delta_ = f.value == delta_temporality;
  if (f.number == is_monotonic) rises_ = f.value != 0;
}

void otlp_reader::take_of_point(const field& f) {
  constexpr std::uint32_t as_double = 4;
  constexpr std::uint32_t as_int = 6;
  if (f.wire == fixed64 && f.number == as_double) {
    count(std::bit_cast<double>(f.value));
  } else if (f.wire == fixed64 && f.number == as_int) {
    count(static_cast<double>(std::bit_cast<std::int64_t>(f.value)));
  } else if (f.wire == sized) {
    from_.skip(f.value);
  }
}

void otlp_reader::count(double value) {
  // Nobody can add up what is not finite; large ones would become so.
  constexpr double most = 1e18;
  if (!(std::abs(value) <= most)) return;
  at_hand_.largest = at_hand_.points == 0 ? value : std::max(at_hand_.largest, value);
  at_hand_.sum += value;
  ++at_hand_.points;
}

// The innermost message ends; the metric if it is one that is worth telling.
std::optional<metric> otlp_reader::close() {
  const auto what = open_[--depth_].what;
  if (what == message::sum) {
    at_hand_.kind = !rises_  ? metric_kind::gauge
                    : delta_ ? metric_kind::increase
                             : metric_kind::total_sum;
  }
  if (what != message::metric || at_hand_.points == 0 || !is_metric_name(at_hand_.name))
    return std::nullopt;
  return std::move(at_hand_);
}

}  // namespace weir::telemetry
