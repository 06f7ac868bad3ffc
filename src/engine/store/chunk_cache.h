#pragma once
// The broker's own cache of segment bytes, one per shard: 128 KiB chunks, each owned by its
// segment, in one order of last use. Chunks with bytes that are not on disk yet ("dirty") are
// pinned; clean ones go when the budget is exceeded. Readers hold shares of a chunk's memory, so
// eviction never pulls bytes from under them.
#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <memory>

#include "core/base/bytes.h"

namespace weir::store {

inline constexpr std::size_t chunk_size = 128 * 1024;

class segment;

// Aligned memory, zeroed: direct I/O writes whole blocks and must not carry stale heap to disk.
class chunk_memory final : public bytes_owner {
 public:
  explicit chunk_memory(std::size_t capacity);
  ~chunk_memory() override;
  char* const data;
};

struct chunk
    : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
  segment* home = nullptr;
  std::uint64_t start = 0;  // file position of the first byte held, a block boundary
  std::uint32_t capacity = 0;
  std::uint32_t filled = 0;  // bytes held
  bool from_disk = false;    // checksums of frames in it were not computed since it was read
  chunk_memory* memory = nullptr;

  chunk() = default;
  chunk(const chunk&) = delete;
  ~chunk() {
    if (memory) memory->drop();
  }
  [[nodiscard]] bool holds(std::uint64_t at) const { return at >= start && at < start + filled; }
  [[nodiscard]] bytes view(std::uint64_t from, std::uint64_t to) const {
    return bytes::owned({memory->data + (from - start), to - from}, memory);
  }
  void resize(std::size_t capacity);  // keeps the content; readers of the old memory keep that
};

struct cache_figures {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t evictions = 0;
};

class chunk_cache {
 public:
  explicit chunk_cache(std::size_t budget) : budget_(budget) {}

  // Memory held by chunks, pinned or not, has changed.
  void grown(std::size_t by) {
    used_ += by;
    shrink();
  }
  void shrunk(std::size_t by) { used_ -= by; }
  // The chunk may be evicted from now on, as the most recently used; or, pinned, may not.
  void unpin(chunk& c) {
    pin(c);
    recent_last_.push_back(c);
  }
  void pin(chunk& c) {
    if (c.is_linked()) c.unlink();
  }
  void used_now(chunk& c) {
    if (c.is_linked()) unpin(c);
  }

  [[nodiscard]] std::size_t used() const { return used_; }
  [[nodiscard]] std::size_t budget() const { return budget_; }
  cache_figures figures;

 private:
  using order = boost::intrusive::list<chunk, boost::intrusive::constant_time_size<false>>;
  std::size_t budget_;
  std::size_t used_ = 0;
  void
  shrink();  // asks the segments of the least recently used chunks to let go, until within budget

  order recent_last_;
};

}  // namespace weir::store
