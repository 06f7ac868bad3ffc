#include "core/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace weir {

void check_failed(std::source_location where, std::string_view condition,
                  std::string_view message) {
  fmt::print(stderr,
             "weir: invariant broken at {}:{} ({}): {}; this is a bug in Weir, please report it\n",
             where.file_name(), where.line(), condition, message);
  std::fflush(stderr);
  std::abort();
}

}  // namespace weir
