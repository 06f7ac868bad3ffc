#include "sim/entry.h"

#include "core/base/check.h"
#include "core/base/crc32c.h"
#include "core/base/endian.h"
#include "sim/random.h"

namespace weir::sim {
namespace {

raft::entry_kind kind_of(log::frame_kind kind) {
  switch (kind) {
    case log::frame_kind::batch:
    case log::frame_kind::command:
    case log::frame_kind::start_moved:
      return raft::entry_kind::data;
    case log::frame_kind::term_start:
      return raft::entry_kind::term_start;
    case log::frame_kind::configuration:
      return raft::entry_kind::configuration;
    case log::frame_kind::vote:
      break;
  }
  weir_check(false, "a vote is no entry");
}

}  // namespace

entry make_entry(raft::entry_head head, log::frame_kind kind, std::string body) {
  head.kind = kind_of(kind);
  head.size = static_cast<std::uint32_t>(body.size());
  auto hash = mix(head.term.value(), head.index.value());
  hash = mix(hash, static_cast<std::uint64_t>(head.first_offset.value()));
  hash = mix(hash, (std::uint64_t{head.offset_count} << 8U) | static_cast<std::uint8_t>(kind));
  hash = mix(hash, crc32c(body));
  return {head, kind, std::make_shared<const std::string>(std::move(body)), hash};
}

std::string encode_batch(const batch_claim& claim, weir::term term, offset base) {
  std::string out(log::batch_header_size + sizeof(claim.tag), '\0');
  char* b = out.data();
  store_be(b, base.value());
  store_be(b + 8, static_cast<std::int32_t>(out.size() - 12));
  store_be(b + 12, static_cast<std::int32_t>(term.value()));
  b[16] = 2;
  store_be(b + 23, static_cast<std::int32_t>(claim.records) - 1);
  store_be(b + 43, claim.producer);
  store_be(b + 51, static_cast<std::int16_t>(claim.producer < 0 ? -1 : 0));
  store_be(b + 53, claim.sequence);
  store_be(b + 57, static_cast<std::int32_t>(claim.records));
  store_be(b + log::batch_header_size, claim.tag);
  store_be(b + 17, crc32c(std::string_view(out).substr(21)));
  return out;
}

batch_claim decode_batch(const std::string& body) {
  return {.producer = load_be<std::int64_t>(body.data() + 43),
          .sequence = load_be<std::int32_t>(body.data() + 53),
          .records = load_be<std::uint32_t>(body.data() + 57),
          .tag = load_be<std::uint64_t>(body.data() + log::batch_header_size)};
}

std::string encode_write(const register_write& write) {
  std::string out(13, '\0');
  store_le(out.data(), write.key);
  store_le(out.data() + 4, write.value);
  out[12] = write.deletes ? 1 : 0;
  return out;
}

register_write decode_write(const std::string& body) {
  return {.key = load_le<std::uint32_t>(body.data()),
          .value = load_le<std::uint64_t>(body.data() + 4),
          .deletes = body[12] != 0};
}

}  // namespace weir::sim
