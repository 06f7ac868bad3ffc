// Records of share groups: keys and values as a log has them. What decodes is the same when it is
// written and read again, and applies to a group.
#include "core/group/record_fuzz.h"
#include "core/group/share_group.h"
#include "core/group/share_record_bytes.h"

using namespace weir;
using namespace weir::group;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto both = read_twice(
      data, size, [](const auto& key, const auto& value) -> std::optional<share_record_of> {
        auto record = share_record_from(key, value);
        if (!record) return std::nullopt;
        return *std::move(record);
      });
  if (!both) return 0;
  const auto& record = both->first;

  share_group group(record.group_id);
  for (int i = 0; i < 2; ++i) group.apply(record.record);
  return 0;
}
