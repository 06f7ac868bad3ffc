#include "core/base/check.h"
#include "core/raft/configuration.h"

using namespace weir;
using namespace weir::raft;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  if (const auto c = decode_configuration(body)) {
    weir_check(encode(*c) == body, "configuration changed");
  }
  return 0;
}
