// Arbitrary records as a log could hold them: each is refused or changes the state, and what comes
// of it is what the state's own records say. The input: u8 key size, key, u16 value size (0: none),
// value, and again.
#include "core/base/check.h"
#include "core/base/endian.h"
#include "core/transaction/coordinator.h"
#include "core/transaction/record.h"

using namespace weir;
using namespace weir::transaction;

namespace {

void check_value(const fragments& value) {
  const auto t = decode_value(value);
  if (!t) return;
  const auto again = decode_value(encode_value(*t));
  weir_check(again && *again == *t, "a transaction changed in its record");
}

void check_whole(const transaction_coordinator& lived) {
  transaction_coordinator folded(1, {});
  for (const auto& [id, t] : lived.all())
    weir_check(folded.apply(encode_key(id), encode_value(t)).has_value(), "a record is refused");
  const auto a = lived.all();
  const auto b = folded.all();
  weir_check(a.size() == b.size(), "an id is lost");
  for (std::size_t i = 0; i < a.size(); ++i)
    weir_check(a[i].first == b[i].first && same_record(a[i].second, b[i].second),
               "a state changed");
}

// Whatever the log said, the next leader does something that it can say again.
void lead(transaction_coordinator& c) {
  moment now{.steady_ms = 1, .wall = timestamp(1'000'000'000'000)};
  auto todo = c.loaded(now).markers;
  for (int round = 0; round < 3; ++round) {
    for (const auto& m : todo) {
      for (const auto& p : m.partitions)
        (void)c.marker_written({m.transactional_id, m.ending, p}, now);
    }
    now.steady_ms += std::int64_t{1} << 40;
    now.wall += std::int64_t{1} << 40;
    todo = c.tick(now).markers;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const auto take = [&](std::size_t count) {
    const auto taken = rest.substr(0, count);
    rest.remove_prefix(taken.size());
    return taken;
  };
  transaction_coordinator c(1, {});
  while (rest.size() > 3) {
    const auto key = fragments::copy(take(1 + static_cast<std::uint8_t>(rest[0])).substr(1));
    if (rest.size() < 2) break;
    const auto count = load_be<std::uint16_t>(rest.data());
    rest.remove_prefix(2);
    std::optional<fragments> value;
    if (count > 0) value = fragments::copy(take(count));
    if (value) check_value(*value);
    (void)c.apply(key, value);
  }
  check_whole(c);
  lead(c);
  check_whole(c);
  return 0;
}
