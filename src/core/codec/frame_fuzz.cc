#include "core/codec/frame.h"

#include "core/base/check.h"

namespace weir::kafka {
namespace {

void requests(const fragments& input) {
  reader from(input);
  const auto header = decode_request_header(from);
  if (!header) return;
  writer to;
  weir_check(encode_request_header(to, *header).has_value(), "can't be encoded again");
  const auto again = to.take();
  reader second(again);
  weir_check(decode_request_header(second) == header, "changes when repeated");
  weir_check(second.left() == 0, "{} bytes too many", second.left());
}

void responses(const fragments& input, std::int16_t version) {
  reader from(input);
  const auto header = decode_response_header(from, version);
  if (!header) return;
  writer to;
  encode_response_header(to, *header, version);
  const auto again = to.take();
  reader second(again);
  weir_check(decode_response_header(second, version) == header, "changes when repeated");
}

}  // namespace
}  // namespace weir::kafka

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace weir;
  if (size == 0) return 0;
  const fragments input(bytes::unowned({reinterpret_cast<const char*>(data) + 1, size - 1}));
  if (data[0] == 0) {
    kafka::requests(input);
  } else {
    kafka::responses(input, static_cast<std::int16_t>(data[0] & 1));
  }
  return 0;
}
