#pragma once
// Seastar's buffers as shared bytes and back.
#include <seastar/core/scattered_message.hh>
#include <seastar/core/temporary_buffer.hh>

#include "core/base/fragments.h"

namespace weir {

// Takes the buffer over. It must be the only share of its memory, so that the last holder may be on
// any shard.
bytes adopt(seastar::temporary_buffer<char> buffer);
// All pieces as one network message that keeps them alive.
seastar::temporary_buffer<char> lend(bytes piece);

}  // namespace weir
