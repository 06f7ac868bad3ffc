// Frame heads, bodies and the scanner over arbitrary bytes: no crash, and never more read than
// promised.
#include "core/base/check.h"
#include "core/base/crc32c.h"
#include "core/base/endian.h"
#include "core/log/scan.h"

using namespace weir;
using namespace weir::log;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t step = 1 + data[0];
  const bool seal = (data[1] & 1) != 0;
  std::string file(reinterpret_cast<const char*>(data) + 2, size - 2);
  (void)decode_frame_head(file, 0, position(0));
  (void)decode_vote(file);
  (void)decode_segment_header(file);
  constexpr std::uint64_t salt = 0;
  if (seal) {
    // Right checksums from frame to frame, so that what lies behind them is reached.
    for (std::size_t at = 0; at + frame_head_size <= file.size();) {
      char* head = file.data() + at;
      const std::uint32_t body =
          load_le<std::uint16_t>(head + 4) % (file.size() - at - frame_head_size + 1);
      store_le(head + 4, body);
      const std::size_t skip = head[12] == 1 ? std::min<std::size_t>(21, body) : 0;
      store_le(head + 8, crc32c({head + frame_head_size + skip, body - skip}));
      char bound[16] = {};
      store_le<std::uint64_t>(bound + 8, at);
      store_le(head, crc32c({head + 4, frame_head_size - 4}, crc32c({bound, 16})));
      at += frame_head_size + body;
    }
  }
  scan_start start{.salt = salt, .at = position(0), .end = position(file.size())};
  start.check_bodies = (data[1] & 2) != 0;
  start.allow_gaps = (data[1] & 4) != 0;
  scanner scan(start);
  std::uint64_t read = 0;
  while (!scan.done()) {
    const auto at = scan.wanted().value();
    const auto window = std::string_view(file).substr(at, step);
    read += window.size();
    scan.feed(position(at), window);
    while (auto frame = scan.next()) (void)read_batch_facts(frame->body_start);
  }
  weir_check(scan.result().valid_through <= start.end, "valid through {}",
             scan.result().valid_through);
  weir_check(read <= (scanner::candidates_max + 2) * (file.size() + step), "{} of {} bytes read",
             read, file.size());
  return 0;
}
