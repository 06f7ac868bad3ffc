#include "core/codec/fuzz_messages.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  weir::kafka::fuzz_message("response", {reinterpret_cast<const char*>(data), size});
  return 0;
}
