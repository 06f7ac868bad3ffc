#pragma once
// For tests and fuzzers: any declared message by name, behind function pointers.
#include <expected>
#include <span>
#include <string>
#include <string_view>

#include "core/codec/whole.h"

namespace weir::kafka {

struct decoded {
  fragments again;       // encoded once more
  std::size_t size = 0;  // what encoded_size said of it
  std::string json;
};

struct probe {
  std::string_view name;  // as Kafka writes it
  std::string_view kind;  // "request", "response" or "record"
  std::int16_t key;
  std::int16_t version_min;
  std::int16_t version_max;
  // Decodes a whole body, encodes what came out and prints it.
  std::expected<decoded, codec_error> (*run)(const fragments& body, std::int16_t version,
                                             bool with_json);
};

template <typename Message, auto ToJson>
constexpr probe make_probe(std::string_view name, std::string_view kind, std::int16_t key) {
  return {name, kind, key, Message::version_min, Message::version_max,
          [](const fragments& body, std::int16_t version,
             bool with_json) -> std::expected<decoded, codec_error> {
            const auto message = decode_whole<Message>(body, version);
            if (!message) return std::unexpected(message.error());
            auto again = encode_whole(*message, version);
            if (!again) return std::unexpected(again.error());
            return decoded{*std::move(again), message->encoded_size(version),
                           with_json ? ToJson(*message, version) : std::string()};
          }};
}

// All declared messages, in no order of meaning.
std::span<const probe* const> probes();

}  // namespace weir::kafka
