// Records of streams groups: keys and values as a log has them. What decodes is the same when it is
// written and read again, applies to a group, and can be described.
#include "core/group/record_fuzz.h"
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
  const auto both = read_twice(
      data, size, [](const auto& key, const auto& value) -> std::optional<streams_record_of> {
        auto record = streams_record_from(key, value);
        if (!record) return std::nullopt;
        return *std::move(record);
      });
  if (!both) return 0;
  const auto& record = both->first;

  streams_group group(record.group_id);
  for (int i = 0; i < 2; ++i) group.apply(record.record);
  // Whatever a topology says, it is looked at in memory that it pays for.
  const every_topic topics(size);
  (void)group.describe(topics);
  return 0;
}
