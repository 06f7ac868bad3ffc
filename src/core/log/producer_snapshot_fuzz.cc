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
  // One of an older version is written as a new one.
  const auto version = load_le<std::uint32_t>(file.data() + 8);
  const auto again = snapshot->producers.encode(snapshot->covers);
  weir_check(version < 2 || again.str() == file, "snapshot of {} bytes changed", size);
  auto& producers = snapshot->producers;
  weir_check(producer_sequences::decode(again).has_value(), "a new one does not decode");
  (void)producers.check({producer_id(1), producer_epoch(1), 1, 1});
  (void)producers.first_unstable();
  for (const auto& one : producers.aborted().all())
    weir_check(!producers.aborted().covers(one.last) ||
                   producers.aborted().within(one.last, one.last + 1).front().last == one.last,
               "an aborted transaction is not found");
  producers.committed(offset(1000));
  producers.apply({.producer = producer_id(1), .epoch = producer_epoch(2)}, offset(7),
                  snapshot->covers + 1, timestamp(5));
  (void)producers.expire(timestamp(1 << 30), 1000);
  producers.trim(offset(100));
  (void)producers.truncate(log_index(10));
  (void)producer_sequences::decode(producers.encode(snapshot->covers + 1));
  return 0;
}
