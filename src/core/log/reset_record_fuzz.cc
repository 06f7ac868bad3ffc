#include "core/base/check.h"
#include "core/base/crc32c.h"
#include "core/base/endian.h"
#include "core/log/reset_record.h"

using namespace weir;
using namespace weir::log;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string file(reinterpret_cast<const char*>(data), size);
  if (size >= 16) store_le(file.data() + 12, crc32c(std::string_view(file).substr(16)));
  if (const auto reset = decode_reset_record(file))
    weir_check(encode(*reset) == file, "reset record changed");
  return 0;
}
