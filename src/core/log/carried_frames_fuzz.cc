#include "core/base/check.h"
#include "core/log/carried_frames.h"

using namespace weir;
using namespace weir::log;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto from = fragments::copy({reinterpret_cast<const char*>(data), size});
  if (const auto frames = take_carried(from, 1000)) {
    fragments again;
    for (const auto& f : *frames) carry(again, f.head, f.body);
    weir_check(again.size() == from.size(), "carried frames changed");
  }
  if (const auto state = decode_carried_state(from))
    weir_check(encode(*state) == from, "a carried state changed");
  return 0;
}
