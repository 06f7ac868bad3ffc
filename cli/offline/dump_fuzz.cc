// Arbitrary bytes as each kind of file, with right checksums and without: dump ends, and neither
// crashes nor takes memory without bound.
#include "cli/offline/dump.h"
#include "cli/offline/fuzz_files.h"

using namespace weir;
using namespace weir::offline;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto content = fuzz_file(data[0], {reinterpret_cast<const char*>(data) + 2, size - 2});
  dump_order order{.records = (data[1] & 1) != 0, .as_json = (data[1] & 2) != 0};
  if ((data[1] & 4) != 0) order.from = data[1];
  if ((data[1] & 8) != 0) order.count = data[1] >> 4;
  std::size_t printed = 0;
  (void)dump(memory_source(content), order, [&](const std::string& line) {
    printed += line.size();
    for (const char c : line) {
      if (static_cast<unsigned char>(c) < 0x20) __builtin_trap();  // it could drive a terminal
    }
  });
  return 0;
}
