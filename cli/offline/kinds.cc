#include "cli/offline/kinds.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "cli/text.h"

namespace weir::offline {
namespace {

constexpr std::size_t magic_size = 8;

file_kind by_magic(std::string_view at, bool small) {
  struct known {
    std::string_view magic;
    bool small;
    file_kind kind;
  };
  constexpr std::array all{known{"WEIRSEG\n", false, file_kind::segment},
                           known{"WEIRJNL\n", false, file_kind::journal},
                           known{"WEIRIDX\n", true, file_kind::index},
                           known{"WEIRPSN\n", true, file_kind::producers},
                           known{"WEIRTRM\n", true, file_kind::terms},
                           known{"WEIRCKP\n", true, file_kind::checkpoint},
                           known{"WEIRCLN\n", true, file_kind::cleaner},
                           known{"WEIRGRP\n", true, file_kind::group},
                           known{"WEIRCUT\n", true, file_kind::cut},
                           known{"WEIRRST\n", true, file_kind::reset},
                           known{"WEIRCAT\n", true, file_kind::state}};
  for (const auto& k : all) {
    if (k.small == small && at.starts_with(k.magic)) return k.kind;
  }
  return file_kind::unknown;
}

// The length of the UTF-8 sequence at the front, 0 where there is none.
std::size_t sequence_at(std::string_view bytes) {
  for (std::size_t n = 1; n <= 4 && n <= bytes.size(); ++n) {
    if (cli::is_utf8(bytes.substr(0, n))) return n;
  }
  return 0;
}

void put(std::string& out, std::string_view sequence) {
  const auto c = static_cast<unsigned char>(sequence.front());
  // C1 controls (U+0080 to U+009F) can drive a terminal as C0 ones do.
  const bool c1 = c == 0xc2 && static_cast<unsigned char>(sequence[1]) < 0xa0;
  if (c == '\n') {
    out += "\\n";
  } else if (c == '\t') {
    out += "\\t";
  } else if (c == '\\') {
    out += "\\\\";
  } else if (c < 0x20 || c == 0x7f || c1) {
    for (const char b : sequence) out += fmt::format("\\x{:02x}", static_cast<unsigned char>(b));
  } else {
    out += sequence;
  }
}

}  // namespace

std::string_view name(file_kind kind) {
  switch (kind) {
    case file_kind::segment:
      return "segment";
    case file_kind::index:
      return "index";
    case file_kind::producers:
      return "producers";
    case file_kind::terms:
      return "terms";
    case file_kind::checkpoint:
      return "checkpoint";
    case file_kind::cleaner:
      return "cleaner";
    case file_kind::group:
      return "group";
    case file_kind::cut:
      return "cut";
    case file_kind::state:
      return "state";
    case file_kind::reset:
      return "reset";
    case file_kind::journal:
      return "journal";
    case file_kind::number:
      return "number";
    case file_kind::unknown:
      return "unknown";
  }
  return "unknown";
}

file_kind recognise(const byte_source& from) {
  const auto head = from.read(0, 2 * magic_size);
  if (const auto kind = by_magic(head, false); kind != file_kind::unknown) return kind;
  if (head.size() > magic_size) {
    if (const auto kind = by_magic(std::string_view(head).substr(magic_size), true);
        kind != file_kind::unknown)
      return kind;
  }
  return read_number(from) ? file_kind::number : file_kind::unknown;
}

std::optional<std::int64_t> read_number(const byte_source& from) {
  constexpr std::size_t digits_max = 20;
  if (from.size() > digits_max) return std::nullopt;
  auto text = from.read(0, digits_max);
  if (text.ends_with('\n')) text.pop_back();
  std::int64_t value = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

std::string readable(std::string_view bytes, std::size_t most) {
  std::string out;
  const auto shown = bytes.substr(0, most);
  for (std::size_t i = 0; i < shown.size();) {
    const auto n = sequence_at(shown.substr(i));
    if (n == 0) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(shown[i++]));
      continue;
    }
    put(out, shown.substr(i, n));
    i += n;
  }
  if (shown.size() < bytes.size())
    out += fmt::format("… ({} bytes more)", bytes.size() - shown.size());
  return out;
}

}  // namespace weir::offline
