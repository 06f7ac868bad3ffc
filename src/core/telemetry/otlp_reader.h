#pragma once
// What clients push about themselves (KIP-714): OTLP's MetricsData, protocol buffers by the wire
// format's own rules. Of each metric one sum-up comes out, over all its points whatever their
// attributes; histograms, descriptions and whatever else is there are skipped. Reads in bounded
// steps, keeps nothing but the metric at hand, and never holds more than its name.
#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "core/base/fragments.h"

namespace weir::telemetry {

enum class metric_kind : std::uint8_t {
  gauge,      // how it is now; also a sum that may fall
  increase,   // by so much more since the last push: a delta sum
  total_sum,  // since the client began
};

struct metric {
  std::string name;
  metric_kind kind = metric_kind::gauge;
  std::uint64_t points = 0;
  double sum = 0;
  double largest = 0;
};

// A name that can be shown: letters, digits, '.', '_', '-' and '/', not too long.
inline constexpr std::size_t metric_name_max = 128;
bool is_metric_name(std::string_view name);

enum class otlp_error : std::uint8_t { malformed };

class otlp_reader {
 public:
  // `over` must outlive the reader.
  explicit otlp_reader(const fragments& over);

  // Looks at up to `fields` more fields. Nothing: no metric was completed yet. A metric without a
  // name that can be shown, or without a finite number, is left out.
  std::expected<std::optional<metric>, otlp_error> next(std::size_t fields);
  [[nodiscard]] bool ended() const { return depth_ == 0; }

 private:
  enum class message : std::uint8_t { data, resource, scope, metric, gauge, sum, point };
  struct open_message {
    message what = message::data;
    std::size_t end = 0;
  };
  struct field {
    std::uint32_t number = 0;
    std::uint32_t wire = 0;
    std::uint64_t value = 0;  // of a varint or a fixed number; of bytes their size
  };
  using outcome = std::expected<void, otlp_error>;

  std::expected<field, otlp_error> read_field();
  std::expected<std::uint64_t, otlp_error> read_varint();
  outcome take(const field& f);
  outcome take_of_metric(const field& f);
  void take_of_sum(const field& f);
  void take_of_point(const field& f);
  void open(message what, std::size_t size);
  std::optional<metric> close();
  void count(double value);

  fragments_cursor from_;
  std::array<open_message, 6> open_;
  std::size_t depth_ = 0;
  metric at_hand_;
  bool rises_ = false;  // of the sum at hand
  bool delta_ = false;
};

}  // namespace weir::telemetry
