// Streams of frames as a connection reads them, with right checksums where the input asks for
// them, so that the declared messages behind them are reached.
#include "core/base/check.h"
#include "core/base/crc32c.h"
#include "core/base/endian.h"
#include "core/codec/counting_new.h"
#include "core/peer/handshake.h"
#include "core/peer/messages.h"

using namespace weir;
using namespace weir::peer;

namespace {

template <typename Message>
void decode(const bytes& head, const fragments& tail) {
  const auto before = bytes_asked_for;
  const auto m = decode_as<Message>(head);
  const auto taken = bytes_asked_for - before;
  weir_check(
      taken <= kafka::reader::memory_floor + kafka::reader::memory_factor * head.size() + 1024,
      "{} bytes took {}", head.size(), taken);
  if (!m) return;
  const auto frame = frame_of(*m, tail);
  std::array<char, frame_header_size> raw{};
  frame.copy_to(0, raw.size(), raw.data());
  const auto header = decode_frame_header(raw, {});
  weir_check(header.has_value(), "own header refused");
  const auto again = frame.contiguous(raw.size(), header->head_size);
  weir_check(decode_as<Message>(again) == *m, "changes when repeated");
  if constexpr (std::is_same_v<Message, hello>) {
    const auto answer = judge(*m, {.cluster_id = {1, 1}, .node = node_id(1)}, uuid{5, 6});
    (void)judge(answer, *m);
  }
}

void body(const frame_header& header, const bytes& head, const fragments& tail) {
  switch (header.kind) {
    case message_kind::hello:
      return decode<hello>(head, tail);
    case message_kind::welcome:
      return decode<welcome>(head, tail);
    case message_kind::raft_pack:
      return;  // raft_pack_fuzz
    case message_kind::beat:
      return decode<beat>(head, tail);
    case message_kind::call:
      return decode<call>(head, tail);
    case message_kind::call_answer:
      return decode<call_answer>(head, tail);
    case message_kind::raft_taken:
      return decode<raft_taken>(head, tail);
    case message_kind::snapshot_begin:
      return decode<snapshot_begin>(head, tail);
    case message_kind::snapshot_chunk:
      return decode<snapshot_chunk>(head, tail);
    case message_kind::snapshot_progress:
      return decode<snapshot_progress>(head, tail);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const bool seal = (data[0] & 1) != 0;
  const frame_limits limits{.head_max = 4096, .tail_max = 8192};
  std::string stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  for (std::size_t at = 0; at + frame_header_size <= stream.size();) {
    char* raw = stream.data() + at;
    const std::size_t left = stream.size() - at - frame_header_size;
    if (seal) {
      const std::uint32_t head = load_le<std::uint16_t>(raw) % (left + 1);
      const std::uint32_t tail = load_le<std::uint16_t>(raw + 4) % (left - head + 1);
      store_le(raw, head);
      store_le(raw + 4, tail);
      raw[9] = 1;
      const bool pack = raw[8] == static_cast<char>(message_kind::raft_pack);
      store_le(raw + 12, crc32c({raw + frame_header_size, head + (pack ? 0 : tail)}));
      store_le(raw + 16, crc32c({raw, 16}));
    }
    std::array<char, frame_header_size> header_bytes{};
    std::memcpy(header_bytes.data(), raw, header_bytes.size());
    const auto header = decode_frame_header(header_bytes, limits);
    if (!header || header->body_size() > left) return 0;
    weir_check(header->body_size() <= limits.head_max + limits.tail_max, "limits passed");
    const auto head = bytes::copy({raw + frame_header_size, header->head_size});
    const fragments tail(
        bytes::copy({raw + frame_header_size + header->head_size, header->tail_size}));
    if (!check_body(*header, head.view(), tail)) return 0;
    body(*header, head, tail);
    at += frame_header_size + header->body_size();
  }
  return 0;
}
