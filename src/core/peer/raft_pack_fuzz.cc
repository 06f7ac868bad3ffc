// Packs from anywhere: no crash, no memory beyond the largest message, and what is understood is
// understood the same after it was written again.
#include "core/base/check.h"
#include "core/codec/counting_new.h"
#include "core/peer/raft_pack.h"

using namespace weir;
using namespace weir::peer;

namespace {

constexpr node_id sender{1};
constexpr node_id receiver{2};

void again(const raft_post& post) {
  raft_packer to({.head_max = frame_head_max, .tail_max = frame_tail_max});
  if (to.add(post) != raft_packer::added::yes) return;
  const auto frame = to.take();
  std::array<char, frame_header_size> raw{};
  frame.copy_to(0, raw.size(), raw.data());
  const auto header = decode_frame_header(raw, {});
  weir_check(header.has_value(), "own header refused");
  const auto head = frame.slice(raw.size(), header->head_size).str();
  const auto tail = frame.slice(raw.size() + header->head_size, header->tail_size);
  weir_check(check_body(*header, head, tail).has_value(), "own checksum refused");
  raft_unpacker from(head, tail, sender, receiver);
  const auto read = from.next();
  weir_check(read && *read && **read == post, "changes when repeated");
  const auto end = from.next();
  weir_check(end && !*end, "something is left");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::size_t tail_size = data[0];
  const std::string_view head(reinterpret_cast<const char*>(data) + 1, size - 1);
  const fragments tail(bytes::from(std::string(tail_size, 't')));
  raft_unpacker from(head, tail, sender, receiver);
  while (true) {
    const auto before = bytes_asked_for;
    auto next = from.next();
    const auto taken = bytes_asked_for - before;
    // An entry of 6 bytes becomes 48; a member of one byte 4, twice more while they are sorted.
    weir_check(taken <= 4096 + 64 * head.size(), "{} bytes took {}", head.size(), taken);
    if (!next || !*next) return 0;
    again(**next);
  }
}
