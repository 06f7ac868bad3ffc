// Records of streams groups: keys and values as a log has them. What decodes is the same when it is
// written and read again, applies to a group, and can be described.
#include "core/base/check.h"
#include "core/codec/counting_new.h"
#include "core/codec/reader.h"
#include "core/group/streams_group.h"
#include "core/group/streams_record_bytes.h"

using namespace weir;
using namespace weir::group;

namespace {

// All topics are there, of as many partitions as their names have bytes.
class every_topic : public topic_view {
 public:
  explicit every_topic(std::size_t seed) : seed_(seed) {}
  [[nodiscard]] std::optional<known_topic> find(std::string_view name) const override {
    if (name.size() % 3 == seed_ % 3) return std::nullopt;
    return known_topic{.id = {1, name.size()},
                       .partitions = static_cast<std::int32_t>(name.size())};
  }
  [[nodiscard]] std::optional<std::string> name_of(const uuid&) const override {
    return std::nullopt;
  }
  void for_each(const std::function<void(std::string_view, const known_topic&)>&) const override {}

 private:
  std::size_t seed_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const auto key_size = std::min<std::size_t>(data[0], size - 1);
  const auto key = fragments::copy(all.substr(1, key_size));
  const auto rest = all.substr(1 + key_size);
  std::optional<fragments> value;
  if (!rest.empty()) value = fragments::copy(rest);

  const auto before = bytes_asked_for;
  const auto record = streams_record_from(key, value);
  // A name of one byte, a partition of four become entries of sets and maps.
  constexpr std::size_t factor = 200;
  const auto taken = bytes_asked_for - before;
  weir_check(taken <= 2 * kafka::reader::memory_floor + factor * size, "{} bytes took {}", size,
             taken);
  if (!record) return 0;
  const auto again = to_bytes(record->group_id, record->record);
  const auto second = streams_record_from(again.key, again.value);
  weir_check(second.has_value(), "an own record is refused");
  const auto third = to_bytes(second->group_id, second->record);
  weir_check(third.key == again.key && third.value == again.value, "changes when repeated");

  streams_group group(record->group_id);
  for (int i = 0; i < 2; ++i) group.apply(record->record);
  // Whatever a topology says, it is looked at in memory that it pays for.
  const every_topic topics(size);
  (void)group.describe(topics);
  return 0;
}
