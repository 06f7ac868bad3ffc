// Any expression and any text: no crash, and what is matched ends. Up to the first line's end the
// expression, then the text.
#include <cstddef>

#include "core/telemetry/pattern.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const auto end = all.find('\n');
  const auto p = weir::telemetry::pattern::parse(all.substr(0, end));
  if (p && end != all.npos) (void)p->matches(all.substr(end + 1));
  return 0;
}
