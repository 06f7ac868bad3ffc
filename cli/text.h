// Bytes as text: UTF-8 check, base64, and the backslash escapes of the command line.
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace weir::cli {

// True for well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF).
bool is_utf8(std::string_view bytes);

// Number of code points; stray bytes count as one each. Good enough to align a table.
std::size_t display_width(std::string_view text);

// RFC 4648 section 4, with padding.
std::string to_base64(std::string_view bytes);

// Nothing when the text isn't padded standard base64.
std::optional<std::string> from_base64(std::string_view text);

// Replaces \n \t \r \0 \\ and \xHH. The error names the escape that isn't known.
std::expected<std::string, std::string> unescape(std::string_view text);

// Splits "key=value" at the first '='; nothing when there is none or the key is empty.
std::optional<std::pair<std::string, std::string>> split_pair(std::string_view text);

// "1 record", "2 records".
std::string counted(std::size_t n, std::string_view noun);

}  // namespace weir::cli
