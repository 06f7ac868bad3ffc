#include "engine/runtime/buffers.h"

namespace weir {
namespace {

struct buffer_owner final : bytes_owner {
  explicit buffer_owner(seastar::temporary_buffer<char> b) : buffer(std::move(b)) {}
  seastar::temporary_buffer<char> buffer;
};

}  // namespace

bytes adopt(seastar::temporary_buffer<char> buffer) {
  if (buffer.empty()) return {};
  auto* owner = new buffer_owner(std::move(buffer));
  return bytes::adopt({owner->buffer.get(), owner->buffer.size()}, owner);
}

seastar::temporary_buffer<char> lend(bytes piece) {
  // Seastar's buffers are mutable in type only: the network stack reads them.
  auto* data = const_cast<char*>(piece.data());
  const auto size = piece.size();
  return {data, size, seastar::make_object_deleter(std::move(piece))};
}

}  // namespace weir
