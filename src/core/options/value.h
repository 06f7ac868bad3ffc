#pragma once
// Values of options, from text and back. Two forms of text: Kafka's (plain numbers in bytes and
// milliseconds, what its clients send and expect) and Weir's (64KiB, 10min, unlimited), which also
// takes Kafka's.
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/options/descriptor.h"

namespace weir {

// boolean: bool. integer, bytes, duration (ms): int64. real: double. string, choice, secret and
// host_port ("host:port"): string. list, host_ports: vector.
using option_value =
    std::variant<bool, std::int64_t, double, std::string, std::vector<std::string>>;

// A host name or address and a port; the host is without the brackets of an IPv6 address.
struct host_port {
  std::string host;
  std::uint16_t port = 0;
  bool operator==(const host_port&) const = default;
};
// "host:port" or "[v6]:port"; nothing for other text. Port 0 means any free one.
std::optional<host_port> parse_host_port(std::string_view text);
std::string format_host_port(const host_port& at);

// Longest text of a value that is looked at.
inline constexpr std::size_t value_size_max = 64 * 1024;

enum class text_form : std::uint8_t { kafka, weir };

// `shown_name` is the name that errors give; empty means Weir's name. Values are inside the
// declared range and as wide as declared. Messages are those of Apache Kafka, as a client sees
// them.
std::expected<option_value, option_error> parse_value(const option_descriptor& option,
                                                      std::string_view text,
                                                      text_form form = text_form::weir,
                                                      std::string_view shown_name = {});

// Kafka: 131072, 604800000. Weir: 128KiB, 7d. Each parses back to the same value in its form.
std::string format_value(const option_descriptor& option, const option_value& value,
                         text_form form = text_form::weir);

option_value default_value(const option_descriptor& option);

// Sets of choices, for lists that allow only some words.
template <typename Enum>
class choice_set {
 public:
  constexpr choice_set() = default;
  constexpr choice_set(std::initializer_list<Enum> all) {
    for (const Enum one : all) add(one);
  }
  constexpr void add(Enum one) { bits_ |= 1U << static_cast<unsigned>(one); }
  [[nodiscard]] constexpr bool has(Enum one) const {
    return (bits_ >> static_cast<unsigned>(one)) & 1U;
  }
  [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
  constexpr bool operator==(const choice_set&) const = default;

 private:
  std::uint32_t bits_ = 0;
};

}  // namespace weir
