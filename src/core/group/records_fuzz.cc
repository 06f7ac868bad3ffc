// Arbitrary records one after the other, as a log could hold them: what can be read is applied, the
// coordinator goes to work on it, and its state stays that of its log. The input: u8 of what the
// record is, u16 size, key, u16 size, value, and again.
#include <string_view>

#include "core/base/check.h"
#include "core/base/endian.h"
#include "core/group/coordinator.h"

using namespace weir;
using namespace weir::group;

namespace {

class no_topics : public topic_view {
 public:
  [[nodiscard]] std::optional<known_topic> find(std::string_view) const override { return {}; }
  [[nodiscard]] std::optional<std::string> name_of(const uuid&) const override { return {}; }
  void for_each(const std::function<void(std::string_view, const known_topic&)>&) const override {}
};

std::string_view take(std::string_view& rest) {
  if (rest.size() < 2) return {};
  const auto part = rest.substr(2, load_be<std::uint16_t>(rest.data()));
  rest.remove_prefix(2 + part.size());
  return part;
}

void feed(const emitted<answer>& out, coordinator& folded) {
  for (const auto& b : out.batches) {
    for (const auto& r : b.records) {
      weir_check(folded.apply(r.key, r.value, b.transaction).has_value(),
                 "it wrote what it can't read");
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const no_topics topics;
  const group_settings settings;
  coordinator lived(settings, topics);
  coordinator folded(settings, topics);
  while (!rest.empty()) {
    const auto what = static_cast<unsigned char>(rest[0]);
    rest.remove_prefix(1);
    const auto key = fragments::copy(take(rest));
    std::optional<fragments> value;
    if (what & 1) value = fragments::copy(take(rest));
    std::optional<transaction_of> transaction;
    if (what & 2) transaction = {producer_id(what >> 4), producer_epoch(0)};
    if (what & 4) {
      lived.apply_marker(producer_id(what >> 4), what & 8);
      folded.apply_marker(producer_id(what >> 4), what & 8);
    }
    const bool a = lived.apply(key, value, transaction).has_value();
    weir_check(a == folded.apply(key, value, transaction).has_value(), "two readers differ");
  }
  moment now{0, timestamp(1'700'000'000'000)};
  feed(lived.loaded(now), folded);
  for (int i = 0; i < 20; ++i) {
    request_context c;
    c.api_version = 5;
    c.now = now;
    feed(lived.step(kafka::list_groups_request(), c), folded);
    const auto due = lived.next_deadline();
    if (!due) break;
    now.wall += std::max(*due, now.steady_ms) - now.steady_ms;
    now.steady_ms = std::max(*due, now.steady_ms);
    feed(lived.tick(now), folded);
    weir_check(lived.same_stored(folded), "the state is not what its log says");
  }
  return 0;
}
