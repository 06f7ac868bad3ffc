#include "core/base/crc32c.h"

#include <isa-l/crc.h>

#include <algorithm>
#include <climits>

namespace weir {

std::uint32_t crc32c(std::string_view data, std::uint32_t before) {
  std::uint32_t state = ~before;
  while (!data.empty()) {
    const auto step = std::min<std::size_t>(data.size(), INT_MAX);
    // ISA-L's declaration lacks const; it only reads.
    auto* from = reinterpret_cast<unsigned char*>(const_cast<char*>(data.data()));
    state = crc32_iscsi(from, static_cast<int>(step), state);
    data.remove_prefix(step);
  }
  return ~state;
}

std::uint32_t crc32c(const fragments& data, std::size_t from, std::size_t count,
                     std::uint32_t before) {
  fragments_cursor cursor(data);
  cursor.skip(from);
  while (count > 0) {
    const auto here = cursor.run().substr(0, count);
    before = crc32c(here, before);
    count -= here.size();
    cursor.skip(here.size());
  }
  return before;
}

}  // namespace weir
