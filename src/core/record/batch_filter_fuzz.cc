// Any batch, filtered in any way: what comes out is a batch, and filtering it again changes
// nothing.
#include "core/base/check.h"
#include "core/record/batch_filter.h"

using namespace weir;
using namespace weir::record;

namespace {

std::optional<filtered_batch> filtered(const fragments& batch, const filter_rules& rules) {
  const auto header = read_batch_header(batch);
  if (!header || header->size() != batch.size()) return std::nullopt;
  batch_filter f(*header, batch, rules);
  while (true) {
    const auto done = f.step();
    if (!done) return std::nullopt;
    if (*done) return f.take();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto choice = data[0];
  const filter_rules rules{
      .newest = [&](std::string_view key,
                    offset) { return key.empty() || key[0] % 2 == choice % 2; },
      .end = offset(data[1]),
      .now = timestamp(1'000),
      .tombstone_ms = 10,
      .keep_header = choice % 4 < 2,
      .aborted = (choice & 8) != 0,
      .marker_alone = (choice & 16) != 0,
      .unpacked_max = 1 << 20};
  const auto batch = fragments::copy({reinterpret_cast<const char*>(data) + 2, size - 2});
  const auto once = filtered(batch, rules);
  if (!once || once->fate == batch_fate::dropped) return 0;
  const auto header = read_batch_header(once->batch);
  weir_check(header && header->size() == once->batch.size(), "no batch came out");
  if (once->fate == batch_fate::same) return 0;
  weir_check(header->record_count == once->kept, "{} records, {} kept", header->record_count,
             once->kept);
  const auto twice = filtered(once->batch, rules);
  weir_check(twice && twice->fate == batch_fate::same, "filtered again it changed");
  return 0;
}
