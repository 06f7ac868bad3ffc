// Arbitrary commands one after the other, as a log could hold them: each is refused or applied, and
// what comes of it is a state that its snapshot keeps. The input: u16 size, command, and again.
#include "core/base/check.h"
#include "core/base/endian.h"
#include "core/catalog/snapshot.h"

using namespace weir;
using namespace weir::catalog;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  state lived;
  while (rest.size() > 2) {
    const auto encoded = rest.substr(2, load_be<std::uint16_t>(rest.data()));
    rest.remove_prefix(2 + encoded.size());
    const auto c = decode(fragments::copy(encoded));
    if (!c) continue;
    const auto again = decode(fragments::copy(encode(*c)));
    weir_check(again && *again == *c, "a command changed");
    (void)lived.apply(*c);
  }
  const auto read = decode_snapshot(encode_snapshot(lived));
  weir_check(read && *read == lived, "a state changed in its snapshot");
  return 0;
}
