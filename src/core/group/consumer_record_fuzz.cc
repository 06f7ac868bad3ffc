// Records of the consumer protocol: keys and values as a log has them. What decodes is the same
// when it is written and read again, and applies to any state.
#include "core/group/consumer_record_bytes.h"
#include "core/group/consumer_state.h"
#include "core/group/record_fuzz.h"

using namespace weir;
using namespace weir::group;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto both = read_twice(data, size, [](const auto& key, const auto& value) {
    return consumer_record_from(key, value).value_or(std::nullopt);
  });
  if (!both) return 0;
  const auto& [first, second] = *both;

  consumer_state state;
  consumer_state twin;
  for (int i = 0; i < 2; ++i) state.apply(first.record);
  twin.apply(second.record);
  weir_check(state == twin, "a record applied twice is another one");
  return 0;
}
