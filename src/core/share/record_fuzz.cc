// Arbitrary records as a log could hold them: each is refused or changes the state, and what comes
// of it is what the state's own records say. The input: u8 key size, key, u16 value size (0: none),
// value, and again.
#include "core/base/check.h"
#include "core/base/endian.h"
#include "core/share/coordinator.h"

using namespace weir;
using namespace weir::share;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const auto take = [&](std::size_t count) {
    const auto taken = rest.substr(0, count);
    rest.remove_prefix(taken.size());
    return taken;
  };
  share_coordinator c({});
  while (rest.size() > 3) {
    const auto key = fragments::copy(take(1 + static_cast<std::uint8_t>(rest[0])).substr(1));
    if (rest.size() < 2) break;
    const auto count = load_be<std::uint16_t>(rest.data());
    rest.remove_prefix(2);
    std::optional<fragments> value;
    if (count > 0) value = fragments::copy(take(count));
    (void)c.apply(key, value);
    if (!value) continue;
    if (const auto s = decode_snapshot(*value))
      weir_check(decode_snapshot(encode_snapshot(*s)) == s, "a snapshot changed");
    if (const auto u = decode_update(*value))
      weir_check(decode_update(encode(*u)) == u, "an update changed");
  }
  share_coordinator again({});
  for (auto [p, s] : c.all()) {
    weir_check(again.apply(encode(snapshot_key{p}), encode_snapshot(s)).has_value(), "refused");
    weir_check(well_formed(s.batches), "a batch runs backwards");
  }
  weir_check(again.size() == c.size(), "a partition is lost");
  return 0;
}
