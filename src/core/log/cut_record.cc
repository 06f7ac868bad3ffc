#include "core/log/cut_record.h"

#include "core/base/check.h"
#include "core/base/endian.h"
#include "core/log/record_envelope.h"
#include "core/log/segment_header.h"

namespace weir::log {
namespace {

constexpr record_envelope envelope{.magic = "WEIRCUT\n"};
constexpr std::size_t fixed = 40;

}  // namespace

std::string encode(const cut_record& cut) {
  weir_check(cut.kept.size() == cut.end.value() % cut_record::block, "{} bytes kept of a cut at {}",
             cut.kept.size(), cut.end);
  std::string out(fixed, '\0');
  char* b = out.data();
  store_le(b + 16, cut.salt);
  store_le(b + 24, cut.first_index.value());
  store_le(b + 32, cut.end.value());
  out += cut.kept;
  envelope.seal(out);
  return out;
}

std::expected<cut_record, log_error> decode_cut_record(std::string_view file) {
  weir_try_void(envelope.check(file, fixed));
  const char* b = file.data();
  cut_record cut{.salt = load_le<std::uint64_t>(b + 16),
                 .first_index = log_index(load_le<std::uint64_t>(b + 24)),
                 .end = position(load_le<std::uint64_t>(b + 32)),
                 .kept = std::string(file.substr(fixed))};
  if (cut.end.value() < segment_header_size ||
      cut.kept.size() != cut.end.value() % cut_record::block)
    return std::unexpected(log_error::bad_field);
  return cut;
}

}  // namespace weir::log
