#include "core/base/check.h"
#include "core/base/crc32c.h"
#include "core/base/endian.h"
#include "core/log/group_record.h"

using namespace weir;
using namespace weir::log;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string file(reinterpret_cast<const char*>(data), size);
  if (size >= 16) store_le(file.data() + 12, crc32c(std::string_view(file).substr(16)));
  if (const auto group = decode_group_record(file))
    weir_check(encode(*group) == file, "group record changed");
  return 0;
}
