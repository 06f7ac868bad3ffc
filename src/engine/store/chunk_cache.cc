#include "engine/store/chunk_cache.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include "core/base/check.h"
#include "engine/store/file.h"
#include "engine/store/segment.h"

namespace weir::store {

chunk_memory::chunk_memory(std::size_t capacity)
    : data(static_cast<char*>(std::aligned_alloc(block_size, capacity))) {
  if (!data) throw std::bad_alloc();
  std::memset(data, 0, capacity);
}

chunk_memory::~chunk_memory() {
  std::free(data);
}

void chunk::resize(std::size_t wanted) {
  weir_check(wanted >= filled, "chunk of {} bytes into {}", filled, wanted);
  auto* bigger = new chunk_memory(wanted);
  if (memory) {
    std::memcpy(bigger->data, memory->data, filled);
    memory->drop();
  }
  memory = bigger;
  capacity = static_cast<std::uint32_t>(wanted);
}

void chunk_cache::shrink() {
  while (used_ > budget_ && !recent_last_.empty()) {
    chunk& oldest = recent_last_.front();
    recent_last_.pop_front();
    ++figures.evictions;
    oldest.home->release(oldest);
  }
}

}  // namespace weir::store
