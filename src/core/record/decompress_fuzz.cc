// Arbitrary bytes to each decoder: no crash, never more output than the bound, every piece within
// its size, and the same answer in any input pieces.
#include "core/base/check.h"
#include "core/record/compression.h"
#include "core/record/test_bytes.h"

using namespace weir;
using namespace weir::record;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size < 2) return 0;
  constexpr std::size_t bound = 200'000;
  const auto type = static_cast<codec>(1 + data[0] % 4);
  const std::string_view packed(reinterpret_cast<const char*>(data) + 2, size - 2);
  const auto source =
      make_decompressor(type, weir::record::testing::in_pieces(packed, 1 + data[1]), bound);
  fragments got;
  bool whole = true;
  while (true) {
    const auto piece = source->next();
    if (!piece) whole = false;
    if (!piece || piece->empty()) break;
    weir_check(piece->size() <= piece_size_max, "a piece of {}", piece->size());
    got.append(*piece);
    weir_check(got.size() <= bound, "{} bytes out", got.size());
  }
  const auto again = decompress(type, fragments::copy(packed), bound);
  weir_check(again.has_value() == whole, "pieces change the answer");
  if (whole) weir_check(*again == got, "pieces change the bytes");
  return 0;
}
