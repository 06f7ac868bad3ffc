#include "core/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace weir {
namespace {

check_listener told = nullptr;

}  // namespace

void listen_to_checks(check_listener listener) {
  told = listener;
}

void check_failed(std::source_location where, std::string_view condition,
                  std::string_view message) {
  const auto line = fmt::format("invariant broken at {}:{} ({}): {}", where.file_name(),
                                where.line(), condition, message);
  if (told) told(line);
  fmt::print(stderr, "weir: {}; this is a bug in Weir, please report it\n", line);
  std::fflush(stderr);
  std::abort();
}

}  // namespace weir
