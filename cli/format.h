// How a consumed record is written: by a format with placeholders, or as one JSON object.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::cli {

struct header_view {
  std::string_view name;
  std::optional<std::string_view> value;  // nothing: null
};

// One record as it came; the views belong to whoever made it.
struct record_view {
  std::string_view topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::int32_t leader_epoch = -1;            // -1: not known
  std::optional<std::int64_t> timestamp_ms;  // since 1970 UTC
  bool log_append_time = false;              // the broker's clock rather than the producer's
  std::optional<std::string_view> key;       // nothing: null
  std::optional<std::string_view> value;     // nothing: null, a tombstone
  std::vector<header_view> headers;
};

// %t topic  %p partition  %o offset  %e leader epoch  %T timestamp in ms  %I timestamp as ISO-8601
// %k key  %v value (%s too)  %K length of the key  %V length of the value (%S too), -1 for null
// %h headers as name=value,name=value  %% a percent sign, and the escapes of text.h.
class record_format {
 public:
  // `null_text` stands for a null key, value or header value. The error says what isn't understood.
  static std::expected<record_format, std::string> parse(std::string_view text,
                                                         std::string null_text = "");

  // Appends the record to `out`; nothing is added that the format doesn't say, no newline either.
  void write(const record_view& record, std::string& out) const;

 private:
  struct piece {
    std::string literal;
    char field = 0;  // written after the literal; 0: none
  };

  void write_field(char field, const record_view& record, std::string& out) const;

  std::vector<piece> pieces_;
  std::string null_text_;
};

// Appends one JSON object and a newline. Bytes that aren't UTF-8 appear in base64 under key_base64,
// value_base64, or a header's value_base64, in place of the plain field.
void write_json(const record_view& record, std::string& out);

}  // namespace weir::cli
