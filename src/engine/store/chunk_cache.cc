#include "engine/store/chunk_cache.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include "core/base/check.h"
#include "engine/store/file.h"
#include "engine/store/segment.h"

namespace weir::store {
namespace {

constexpr double fresh_minimum = 0.5;
constexpr double history_minimum = 0.2;
constexpr std::size_t ahead_most = 8;
constexpr std::size_t readers_ahead = 4;  // for so many at least the minimum suffices
// Chunks that the device is asked for at once, with those that readers wait for, before nothing
// more is read ahead: alone, and beside appends. Schedulers of block devices prefer reads, so what
// is written waits behind all of them.
constexpr std::size_t reads_most = 64;
constexpr std::size_t reads_beside_appends = 8;
constexpr auto append_counts_for = std::chrono::milliseconds(100);

std::size_t share(std::size_t budget, double of) {
  return static_cast<std::size_t>(static_cast<double>(budget) * of);
}

}  // namespace

chunk_memory::chunk_memory(std::size_t capacity, std::size_t filled_at_once)
    : data(static_cast<char*>(std::aligned_alloc(block_size, capacity))) {
  if (!data) throw std::bad_alloc();
  std::memset(data + filled_at_once, 0, capacity - filled_at_once);
}

chunk_memory::~chunk_memory() {
  std::free(data);
}

void chunk::resize(std::size_t wanted) {
  weir_check(wanted >= filled, "chunk of {} bytes into {}", filled, wanted);
  auto* bigger = new chunk_memory(wanted, filled);
  if (memory) {
    std::memcpy(bigger->data, memory->data, filled);
    memory->drop();
  }
  memory = bigger;
  capacity = static_cast<std::uint32_t>(wanted);
}

void chunk::fill(std::size_t wanted) {
  weir_check(!memory, "a chunk of {} bytes has its memory", capacity);
  memory = new chunk_memory(wanted, wanted);
  capacity = static_cast<std::uint32_t>(wanted);
}

chunk_cache::chunk_cache(std::size_t budget)
    : budget_(budget), minimum_{share(budget, fresh_minimum), share(budget, history_minimum)} {}

std::size_t chunk_cache::ahead_max() const {
  return std::min(ahead_most, minimum(portion::history) / readers_ahead / chunk_size);
}

bool chunk_cache::may_read_ahead() const {
  const bool appends = seastar::lowres_clock::now() - last_append_ < append_counts_for;
  return being_read_ < (appends ? reads_beside_appends : reads_most);
}

void chunk_cache::to_end(order& list, chunk& c) {
  pin(c);
  c.turn = ++clock_;
  list.push_back(c);
}

void chunk_cache::unpin(chunk& c) {
  to_end(c.from_disk ? history_ : fresh_, c);
}

void chunk_cache::hit(chunk& c) {
  ++figures.by[index(c.where())].hits;
  if (c.is_linked() && c.from_disk) to_end(history_, c);
}

void chunk_cache::passed(chunk& c) {
  if (c.is_linked() && c.from_disk && !c.again) to_end(passed_, c);
}

// The list to take from: null where everything is pinned.
chunk_cache::order* chunk_cache::victims() {
  auto& history = passed_.empty() ? history_ : passed_;
  const bool history_may = used(portion::history) > minimum(portion::history) && !history.empty();
  const bool fresh_may = used(portion::fresh) > minimum(portion::fresh) && !fresh_.empty();
  if (history_may && fresh_may) {
    const bool read_through = &history == &passed_;
    return read_through || history.front().turn < fresh_.front().turn ? &history : &fresh_;
  }
  if (history_may) return &history;
  if (fresh_may) return &fresh_;
  // Pinned bytes fill the rest: the minima have to wait.
  if (!history.empty()) return &history;
  return fresh_.empty() ? nullptr : &fresh_;
}

void chunk_cache::shrink(portion wants) {
  while (used() > budget_) {
    auto* from = victims();
    if (!from) return;
    chunk& victim = from->front();
    from->pop_front();
    ++figures.by[index(victim.where())].evicted_for[index(wants)];
    victim.home->release(victim);
  }
}

}  // namespace weir::store
