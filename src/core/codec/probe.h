#pragma once
// For tests and fuzzers: any declared message by name, behind function pointers.
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/codec/whole.h"

namespace weir::kafka {

struct probed {
  std::optional<codec_error> decode_error;
  std::optional<codec_error> encode_error;
  fragments again;       // encoded once more
  std::size_t size = 0;  // what encoded_size said of it
  std::string json;      // where asked for
};

struct probe {
  std::string_view name;  // as Kafka writes it
  std::string_view kind;  // "request", "response", "record" or "peer"
  std::int16_t key;
  std::int16_t version_min;
  std::int16_t version_max;
  // Decodes a whole body, encodes what came out and prints it.
  probed (*run)(const fragments& body, std::int16_t version, bool with_json);
  // Decodes alone.
  bool (*decodes)(const fragments& body, std::int16_t version);
};

template <typename Message, std::string (*ToJson)(const Message&, std::int16_t)>
probed run_probe(const fragments& body, std::int16_t version, bool with_json) {
  probed out;
  const auto message = decode_whole<Message>(body, version);
  if (!message) {
    out.decode_error = message.error();
    return out;
  }
  auto again = encode_whole(*message, version);
  if (!again) {
    out.encode_error = again.error();
    return out;
  }
  out.again = *std::move(again);
  out.size = message->encoded_size(version);
  if (with_json) out.json = ToJson(*message, version);
  return out;
}

template <typename Message, std::string (*ToJson)(const Message&, std::int16_t)>
constexpr probe make_probe(std::string_view name, std::string_view kind) {
  return {name,
          kind,
          Message::message_key,
          Message::version_min,
          Message::version_max,
          run_probe<Message, ToJson>,
          [](const fragments& body, std::int16_t version) {
            return decode_whole<Message>(body, version).has_value();
          }};
}

// All declared messages, in no order of meaning.
std::span<const probe* const> probes();
// The one of that kind and key, or null.
inline const probe* find_probe(std::string_view kind, std::int16_t key) {
  for (const auto* p : probes()) {
    if (p->kind == kind && p->key == key) return p;
  }
  return nullptr;
}

}  // namespace weir::kafka
