// What classic consumers put into a group's bytes: anything.
#include "core/base/check.h"
#include "core/codec/counting_new.h"
#include "core/codec/reader.h"
#include "core/group/embedded_protocol.h"

using namespace weir;
using namespace weir::group;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = bytes::copy({reinterpret_cast<const char*>(data), size});
  const auto before = bytes_asked_for;
  (void)subscription_from(input);
  const auto assignment = assignment_from(input);
  constexpr std::size_t factor = 200;
  weir_check(bytes_asked_for - before <= 4 * kafka::reader::memory_floor + factor * size,
             "{} bytes took {}", size, bytes_asked_for - before);
  if (!assignment) return 0;
  const auto again = assignment_from(assignment_bytes(assignment->partitions, 3));
  weir_check(again && again->partitions == assignment->partitions, "changes when repeated");
  return 0;
}
