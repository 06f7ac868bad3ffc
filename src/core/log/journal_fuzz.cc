#include "core/base/check.h"
#include "core/base/crc32c.h"
#include "core/base/endian.h"
#include "core/log/journal_scan.h"

using namespace weir;
using namespace weir::log;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string file(reinterpret_cast<const char*>(data), size);
  (void)decode_journal_header(file);
  (void)parse_journal_file_name(file);
  if (const auto header = decode_journal_header(file)) {
    journal_scanner scan(*header, size);
    while (!scan.done()) {
      const auto range = scan.wanted();
      scan.feed(
          std::string_view(file).substr(std::min<std::size_t>(range.at.value(), size), range.size));
      (void)scan.take();
    }
  }
  if (size < journal_record_head_size) return 0;
  // Right checksums, so that what lies behind them is reached.
  constexpr char bound[16] = {};
  const auto rest = std::string_view(file).substr(journal_record_head_size);
  store_le(file.data() + 12, load_le<std::uint32_t>(file.data() + 12) % 8);
  const auto table = rest.substr(0, load_le<std::uint32_t>(file.data() + 12) * journal_entry_size);
  store_le(file.data() + 4, crc32c(table));
  store_le(file.data(),
           crc32c({file.data() + 4, journal_record_head_size - 4}, crc32c({bound, 16})));
  const auto record = decode_record(file, 0, position(0));
  if (!record) return 0;
  const auto entries = decode_table(*record, table);
  if (!entries) return 0;
  const auto again = encode_record(record->sequence, *entries, record->bytes_crc, 0, position(0));
  weir_check(file.starts_with(again), "a record of {} entries changed", entries->size());
  return 0;
}
