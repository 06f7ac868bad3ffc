#include "core/base/check.h"
#include "core/base/crc32c.h"
#include "core/base/endian.h"
#include "core/log/group_record.h"
#include "core/log/record_envelope.h"

using namespace weir;
using namespace weir::log;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string file(reinterpret_cast<const char*>(data), size);
  if (size >= 16) store_le(file.data() + 12, crc32c(std::string_view(file).substr(16)));
  const auto group = decode_group_record(file);
  if (!group) return 0;
  // One of the first version is written again as one of the second.
  const auto again = encode(*group);
  if (record_envelope::version_of(file) > 1) weir_check(again == file, "group record changed");
  weir_check(decode_group_record(again) == group, "group record read differently");
  return 0;
}
