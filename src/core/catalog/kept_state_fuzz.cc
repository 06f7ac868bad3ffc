// A kept state of arbitrary bytes: refused, or one that comes back from what it says.
#include "core/base/check.h"
#include "core/catalog/kept_state.h"

using namespace weir;
using namespace weir::catalog;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = fragments::copy({reinterpret_cast<const char*>(data), size});
  const auto at = decode_kept_head(input);
  if (!at) return 0;
  weir_check(encode_kept_head(*at).str() == input.slice(0, kept_head_size).str(),
             "a place changed in its head");
  (void)decode_snapshot(input.slice(kept_head_size, input.size() - kept_head_size));
  return 0;
}
