#include "cli/moment.h"

#include <charconv>
#include <chrono>
#include <format>

namespace weir::cli {

namespace {

// Takes what it reads from the front of `text_`; once something doesn't fit, `good` stays false.
class cursor {
 public:
  explicit cursor(std::string_view text) : text_(text) {}

  bool good() const { return good_; }
  bool done() const { return text_.empty(); }
  bool take(char c) {
    const bool here = !text_.empty() && text_.front() == c;
    if (here) text_.remove_prefix(1);
    return here;
  }
  void need(char c) { good_ = take(c) && good_; }

  int digits(std::size_t count, int low, int high) {
    int value = 0;
    if (text_.size() < count) good_ = false;
    for (std::size_t i = 0; good_ && i < count; ++i) {
      if (text_[i] < '0' || text_[i] > '9') good_ = false;
      value = value * 10 + (text_[i] - '0');
    }
    if (!good_ || value < low || value > high) {
      good_ = false;
      return low;
    }
    text_.remove_prefix(count);
    return value;
  }

  // Milliseconds of a decimal fraction of a second; digits after the third are dropped.
  int fraction() {
    int value = 0;
    int count = 0;
    for (; !text_.empty() && text_.front() >= '0' && text_.front() <= '9'; ++count) {
      if (count < 3) value = value * 10 + (text_.front() - '0');
      text_.remove_prefix(1);
    }
    if (count == 0) good_ = false;
    for (; count < 3; ++count) value *= 10;
    return value;
  }

 private:
  std::string_view text_;
  bool good_ = true;
};

std::chrono::minutes zone(cursor& in) {
  if (in.done() || in.take('Z') || in.take('z')) return {};
  const bool minus = in.take('-');
  if (!minus) in.need('+');
  const int hours = in.digits(2, 0, 23);
  in.take(':');
  const int minutes = in.digits(2, 0, 59);
  const std::chrono::minutes ahead{hours * 60 + minutes};
  return minus ? -ahead : ahead;
}

}  // namespace

std::optional<std::int64_t> parse_moment(std::string_view text) {
  std::int64_t number = 0;
  const auto end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc() && stop == end && number >= 0) return number;

  cursor in(text);
  const int year = in.digits(4, 1970, 9999);
  in.need('-');
  const int month = in.digits(2, 1, 12);
  in.need('-');
  const int day = in.digits(2, 1, 31);
  const std::chrono::year_month_day date{std::chrono::year{year},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!in.good() || !date.ok()) return std::nullopt;
  std::chrono::milliseconds at = std::chrono::sys_days{date}.time_since_epoch();
  if (in.take('T') || in.take('t') || in.take(' ')) {
    at += std::chrono::hours{in.digits(2, 0, 23)};
    in.need(':');
    at += std::chrono::minutes{in.digits(2, 0, 59)};
    if (in.take(':')) at += std::chrono::seconds{in.digits(2, 0, 59)};
    if (in.take('.')) at += std::chrono::milliseconds{in.fraction()};
    at -= zone(in);
  }
  if (!in.good() || !in.done()) return std::nullopt;
  return at.count();
}

std::string to_iso(std::int64_t epoch_ms) {
  const std::chrono::sys_time<std::chrono::milliseconds> at{std::chrono::milliseconds{epoch_ms}};
  return std::format("{:%FT%T}Z", at);
}

}  // namespace weir::cli
