// From bytes of a file or a pipe to the records that they mean.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::cli {

// Cuts a stream at a delimiter; holds at most one unfinished record.
class record_splitter {
 public:
  // `delimiter` is not empty. `size_max` bounds one record, in bytes.
  record_splitter(std::string delimiter, std::size_t size_max)
      : delimiter_(std::move(delimiter)), size_max_(size_max) {}

  void feed(std::string_view bytes) { held_ += bytes; }

  // The next whole record without its delimiter, or nothing until more is fed.
  std::optional<std::string> next();

  // What is left after the last delimiter; nothing when the stream ended with one.
  std::optional<std::string> last();

  // The unfinished record has outgrown the bound.
  bool too_long() const { return held_.size() - start_ > size_max_; }

 private:
  std::string delimiter_;
  std::size_t size_max_;
  std::string held_;
  std::size_t start_ = 0;    // of the unfinished record in held_
  std::size_t scanned_ = 0;  // no delimiter begins in [start_, scanned_)
};

struct owned_header {
  std::string name;
  std::optional<std::string> value;
};

struct new_record {
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<owned_header> headers;
  std::optional<std::int64_t> timestamp_ms;
};

struct input_rules {
  std::optional<std::string> key;            // the same for every record
  std::optional<std::string> key_separator;  // or cut from the record's front
  bool empty_is_null = false;                // empty keys and values are null
  bool json = false;                         // one JSON object a record
  std::vector<owned_header> headers;         // added to every record
};

// One record from its text. JSON objects are as `consume --json` writes them: key or key_base64,
// value or value_base64, headers, timestamp_ms; topic, partition, offset and the like are passed
// over. A key or value that is neither string nor null is sent as compact JSON. The error says what
// is wrong.
std::expected<new_record, std::string> parse_record(std::string text, const input_rules& rules);

}  // namespace weir::cli
