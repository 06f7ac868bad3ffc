#include "core/base/check.h"
#include "core/base/crc32c.h"
#include "core/base/endian.h"
#include "core/log/cleaner_checkpoint.h"

using namespace weir;
using namespace weir::log;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string file(reinterpret_cast<const char*>(data), size);
  if (size >= cleaner_checkpoint_size) {
    store_le(file.data() + 12,
             crc32c(std::string_view(file).substr(16, cleaner_checkpoint_size - 16)));
  }
  if (const auto c = decode_cleaner_checkpoint(file)) {
    const auto again = encode(*c);
    weir_check(file.starts_with(std::string_view(again.data(), again.size())),
               "checkpoint changed");
  }
  return 0;
}
