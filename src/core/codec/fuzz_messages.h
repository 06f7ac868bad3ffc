#pragma once
// One input of the message fuzzers: key, version, size of the frame's pieces, then the body.
#include <cstdint>
#include <string_view>

#include "core/base/check.h"
#include "core/codec/counting_new.h"
#include "core/codec/probe.h"

namespace weir::kafka {

inline fragments cut(std::string_view whole, std::size_t piece) {
  fragments out;
  if (piece == 0) piece = SIZE_MAX;
  for (std::size_t at = 0; at < whole.size();) {
    const auto part = whole.substr(at, piece);
    out.append(bytes::unowned(part));
    at += part.size();
  }
  return out;
}

inline void fuzz_message(std::string_view kind, std::string_view input) {
  constexpr std::size_t head = 3;
  if (input.size() < head) return;
  const auto* probe = find_probe(kind, static_cast<unsigned char>(input[0]));
  const std::int16_t version = static_cast<unsigned char>(input[1]);
  if (!probe || version < probe->version_min || version > probe->version_max) return;
  const std::size_t piece = static_cast<unsigned char>(input[2]);
  const auto body = cut(input.substr(head), piece);
  const std::size_t before = bytes_asked_for;
  const bool decodes = probe->decodes(body, version);
  const std::size_t taken = bytes_asked_for - before;
  // Lists of shared pieces come on top: small pieces make long lists, and sockets don't.
  const std::size_t lists = piece == 0 ? 0 : 8 * sizeof(bytes) * body.pieces().size();
  const std::size_t bound = reader::memory_floor + reader::memory_factor * body.size() + lists;
  weir_check(taken <= bound, "{} v{}: {} bytes took {}", probe->name, version, body.size(), taken);
  if (!decodes) return;
  const auto first = probe->run(body, version, false);
  weir_check(!first.decode_error && !first.encode_error, "{} v{} can't be encoded again",
             probe->name, version);
  weir_check(first.again.size() == first.size, "{} v{}: size {}, wrote {}", probe->name, version,
             first.size, first.again.size());
  const auto second = probe->run(first.again, version, false);
  weir_check(!second.decode_error && second.again == first.again, "{} v{} changes when repeated",
             probe->name, version);
}

}  // namespace weir::kafka
