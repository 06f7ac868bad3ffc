// Any bytes: no crash, an end, names that can be shown, and the same answer in other pieces and
// other steps.
#include <cmath>
#include <vector>

#include "core/base/check.h"
#include "core/telemetry/otlp_reader.h"

using namespace weir;
using namespace weir::telemetry;

namespace {

struct outcome {
  std::vector<metric> all;
  bool good = true;
};

outcome read(const fragments& from, std::size_t fields) {
  outcome out;
  otlp_reader reader(from);
  std::size_t turns = 0;
  while (!reader.ended()) {
    weir_check(++turns <= 2 * from.size() + 10, "{} turns over {} bytes", turns, from.size());
    auto one = reader.next(fields);
    out.good = one.has_value();
    if (!one) break;
    if (!*one) continue;
    weir_check(is_metric_name((*one)->name), "a name of {} bytes", (*one)->name.size());
    weir_check(std::isfinite((*one)->sum) && (*one)->points > 0, "{}", (*one)->sum);
    out.all.push_back(**std::move(one));
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  fragments pieces;
  const std::size_t piece = 1 + data[0] % 16;
  for (std::size_t at = 0; at < bytes.size(); at += piece)
    pieces.append(weir::bytes::unowned(bytes.substr(at, piece)));
  const auto first = read(fragments::copy(bytes), 1);
  const auto second = read(pieces, 1 + data[0]);
  weir_check(first.good == second.good && first.all.size() == second.all.size(),
             "pieces change the answer");
  for (std::size_t i = 0; i < first.all.size(); ++i) {
    weir_check(first.all[i].name == second.all[i].name && first.all[i].sum == second.all[i].sum &&
                   first.all[i].kind == second.all[i].kind,
               "pieces change a metric");
  }
  return 0;
}
