#include "core/log/reset_record.h"

#include "core/base/check.h"
#include "core/base/endian.h"
#include "core/log/group_record.h"
#include "core/log/record_envelope.h"

namespace weir::log {
namespace {

constexpr record_envelope envelope{.magic = "WEIRRST\n", .version = 2, .oldest = 1};
constexpr std::size_t fixed_first = 64;  // of version 1
constexpr std::size_t fixed = 72;

}  // namespace

std::string encode(const reset_record& reset) {
  std::string out(fixed, '\0');
  char* b = out.data();
  store_le(b + 16, reset.salt);
  store_le(b + 24, reset.last_index.value());
  store_le(b + 32, reset.last_term.value());
  store_le(b + 40, reset.next_offset.value());
  store_le(b + 48, reset.created.value());
  store_le(b + 56, static_cast<std::uint32_t>(reset.members.size()));
  store_le(b + 60, static_cast<std::uint32_t>(reset.producers.size()));
  store_le(b + 64, reset.forgotten.value());
  out += reset.members;
  out += reset.producers;
  envelope.seal(out);
  return out;
}

std::expected<reset_record, log_error> decode_reset_record(std::string_view file) {
  weir_try_void(envelope.check(file, fixed_first));
  const bool first = record_envelope::version_of(file) == 1;
  const auto head = first ? fixed_first : fixed;
  if (file.size() < head) return std::unexpected(log_error::cut_off);
  const char* b = file.data();
  const std::uint64_t members = load_le<std::uint32_t>(b + 56);
  const std::uint64_t producers = load_le<std::uint32_t>(b + 60);
  reset_record reset{.salt = load_le<std::uint64_t>(b + 16),
                     .last_index = log_index(load_le<std::uint64_t>(b + 24)),
                     .last_term = weir::term(load_le<std::uint64_t>(b + 32)),
                     .next_offset = offset(load_le<std::int64_t>(b + 40)),
                     .created = timestamp(load_le<std::int64_t>(b + 48))};
  if (!first) reset.forgotten = log_index(load_le<std::uint64_t>(b + 64));
  if (members > configuration_size_max || head + members + producers != file.size() ||
      reset.next_offset.value() < 0 || reset.last_index.value() == UINT64_MAX)
    return std::unexpected(log_error::bad_field);
  reset.members = file.substr(head, members);
  reset.producers = file.substr(head + members);
  return reset;
}

}  // namespace weir::log
