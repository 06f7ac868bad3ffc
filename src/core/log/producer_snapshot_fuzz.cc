#include "core/base/check.h"
#include "core/base/crc32c.h"
#include "core/base/endian.h"
#include "core/log/producer_sequences.h"

using namespace weir;
using namespace weir::log;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string file(reinterpret_cast<const char*>(data), size);
  if (size >= 16) store_le(file.data() + 12, crc32c(std::string_view(file).substr(16)));
  auto snapshot = producer_sequences::decode(fragments::copy(file));
  if (!snapshot) return 0;
  weir_check(snapshot->producers.encode(snapshot->covers).str() == file,
             "snapshot of {} bytes changed", size);
  (void)snapshot->producers.check({producer_id(1), producer_epoch(1), 1, 1});
  (void)snapshot->producers.truncate(log_index(10));
  return 0;
}
