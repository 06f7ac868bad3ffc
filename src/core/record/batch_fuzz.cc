// Arbitrary bytes as a produce request's records: taken, validated under rules drawn from the first
// byte, walked and searched. The CRC is put right in half of the runs, or nothing would get past
// it.
#include "core/base/check.h"
#include "core/base/endian.h"
#include "core/record/batch_builder.h"
#include "core/record/batch_search.h"
#include "core/record/test_bytes.h"
#include "core/record/validate.h"

using namespace weir;
using namespace weir::record;

namespace {

constexpr std::size_t unpacked_max = 1 << 20;

void check_stored(const validated_batch& stored, const produce_rules& rules) {
  weir_check(stored.all.size() <= rules.message_bytes_max, "{} bytes", stored.all.size());
  weir_check(batch_crc(stored.all, 0, stored.size) == stored.header.crc, "CRC");
  // What was stored must be readable by everyone, record by record.
  record_reader reader(stored.header, stored.all, unpacked_max);
  weir::record::record one;
  std::int32_t count = 0;
  while (true) {
    const auto found = reader.next(one);
    weir_check(found.has_value(), "stored, but unreadable: {}", reader.complaint());
    if (!*found) break;
    weir_check(one.offset_delta == count, "offset delta {} at {}", one.offset_delta, count);
    ++count;
  }
  weir_check(count == stored.record_count, "{} records, not {}", count, stored.record_count);
}

void look(const batch& b) {
  (void)first_at_or_after(b.header, b.all, b.header.base_timestamp, b.header.base_offset,
                          unpacked_max);
  (void)latest_time(b.header, b.all, unpacked_max);
  (void)read_marker(b.header, b.all);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size < 2) return 0;
  const unsigned choice = data[0];
  std::string raw(reinterpret_cast<const char*>(data) + 2, size - 2);
  if ((choice & 1) != 0 && raw.size() >= batch_header_size) {
    const auto size_now = static_cast<std::int32_t>(raw.size() - batch_length_from);
    store_be(raw.data() + 8, size_now);
    const auto all = fragments::copy(raw);
    store_be(raw.data() + 17, batch_crc(all, 0, all.size()));
  }
  const auto all = weir::record::testing::in_pieces(raw, 1 + data[1]);
  batch_walk walk(all);
  while (true) {
    const auto next = walk.next();
    if (!next || !*next) break;
    look(**next);
  }
  produce_rules rules{.partition = "t-0",
                      .now = weir::record::testing::some_time,
                      .unpacked_bytes_max = unpacked_max};
  rules.compacted = (choice & 2) != 0;
  if ((choice & 4) != 0) rules.timestamps = timestamp_kind::log_append_time;
  if ((choice & 8) != 0) rules.before_ms_max = 1000;
  if ((choice & 16) != 0) {
    rules.compression = compression_setting{static_cast<codec>((choice >> 5) % 5), 1};
  }
  const auto taken = take_produced_batch(all, 9);
  if (!taken) return 0;
  const auto stored = validate(*taken, rules);
  if (stored) check_stored(*stored, rules);
  return 0;
}
