#include "core/base/check.h"
#include "core/base/crc32c.h"
#include "core/base/endian.h"
#include "core/log/segment_index.h"
#include "core/log/term_map.h"

using namespace weir;
using namespace weir::log;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string file(reinterpret_cast<const char*>(data), size);
  if (size >= 32) store_le(file.data() + 12, crc32c(std::string_view(file).substr(16)));
  if (const auto terms = term_map::decode(file)) {
    weir_check(terms->encode() == file, "term map of {} bytes changed", size);
    (void)terms->end_of(term(5), offset(100));
  }
  constexpr auto head_size = segment_index::file_head_size;
  if (size < head_size) return 0;
  store_le(file.data() + 112, crc32c(std::string_view(file).substr(head_size)));
  store_le(file.data() + 12, crc32c(std::string_view(file).substr(16, head_size - 16)));
  const auto salt = load_le<std::uint64_t>(file.data() + 16);
  const log_index first(load_le<std::uint64_t>(file.data() + 24));
  const auto head = segment_index::decode_head(file, salt, first, 1ULL << 40);
  auto index = segment_index::decode(file, salt, first, 1ULL << 40);
  if (!index) return 0;
  weir_check(head && head->totals() == index->totals(), "a head that says something else");
  weir_check(index->encode(salt) == file, "index of {} bytes changed", size);
  (void)index->find(first + 1000);
  (void)index->find(offset(1000));
  (void)index->find(timestamp(1000));
  index->truncate(first + 1000);
  return 0;
}
