// A snapshot of arbitrary bytes: refused, or a state that comes back from its own snapshot. The
// input is a list of records, so that their checksums don't stand in the way: u16 size, record.
#include "core/base/check.h"
#include "core/base/crc32c.h"
#include "core/base/endian.h"
#include "core/catalog/snapshot.h"

using namespace weir;
using namespace weir::catalog;

namespace {

void check(const std::expected<state, snapshot_error>& read) {
  if (!read) return;
  const auto again = decode_snapshot(encode_snapshot(*read));
  weir_check(again && *again == *read, "a state changed in its snapshot");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  check(decode_snapshot(fragments::copy(input)));
  fragments framed;
  auto rest = input;
  while (rest.size() > 2) {
    const auto record = rest.substr(2, load_be<std::uint16_t>(rest.data()));
    char head[piece_head_size];
    store_be<std::uint32_t>(head, static_cast<std::uint32_t>(record.size()));
    store_be<std::uint32_t>(head + 4, crc32c(record));
    framed.append(bytes::copy({head, piece_head_size}));
    framed.append(bytes::copy(record));
    rest.remove_prefix(2 + record.size());
  }
  check(decode_snapshot(framed));
  return 0;
}
