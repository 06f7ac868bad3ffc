#pragma once
// Regular expressions for matching clients (KIP-714), as far as Java's and everybody's agree:
// literals, . [a-z] [^x] | () (?:) ? * + {2,5} \d \w \s and their opposites, ^ and $. A match takes
// time in proportion to the pattern times the text, whatever both are: one side comes from an
// administrator, the other one from any client.
#include <bitset>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace weir::telemetry {

class pattern {
 public:
  // Nothing: it is none, it uses what is not supported, or it is too large.
  static std::optional<pattern> parse(std::string_view expression);

  // Whether the whole text is one that the expression describes. Bytes count as characters; a text
  // longer than text_size_max matches nothing.
  [[nodiscard]] bool matches(std::string_view text) const;

  static constexpr std::size_t text_size_max = 1024;

 private:
  friend class pattern_parser;
  enum class kind : std::uint8_t { one_of, fork, jump, at_begin, at_end };
  struct step {
    kind what;
    std::int32_t to = 0;     // of fork and jump: where else, or where, as a distance
    std::bitset<256> bytes;  // of one_of
  };
  using steps = std::vector<step>;

  void follow(std::size_t from, std::size_t at, std::size_t end, std::vector<std::size_t>& alive,
              std::vector<bool>& seen) const;

  steps program_;  // its end is the match
};

}  // namespace weir::telemetry
