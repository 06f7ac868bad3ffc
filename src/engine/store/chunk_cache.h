#pragma once
// The broker's own cache of segment bytes, one per shard: 128 KiB chunks, each owned by its
// segment, in two portions (docs/decisions/0007-cache.md): fresh ones were appended here, the
// others read back from the device. Chunks with bytes that are not on disk yet ("dirty") are
// pinned; clean ones go when the budget is exceeded. Readers hold shares of a chunk's memory, so
// eviction never pulls bytes from under them.
#include <seastar/core/lowres_clock.hh>

#include <array>
#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <memory>

#include "core/base/bytes.h"

namespace weir::store {

inline constexpr std::size_t chunk_size = 128 * 1024;

class segment;

// Aligned memory, zeroed behind what its maker fills at once: direct I/O writes whole blocks and
// must not carry stale heap to disk.
class chunk_memory final : public bytes_owner {
 public:
  explicit chunk_memory(std::size_t capacity, std::size_t filled_at_once = 0);
  ~chunk_memory() override;
  char* const data;
};

enum class portion : std::uint8_t { fresh, history };
inline constexpr std::size_t portions = 2;

struct chunk
    : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
  segment* home = nullptr;
  std::uint64_t start = 0;  // file position of the first byte held, a block boundary
  std::uint64_t turn = 0;   // of the cache's clock, when it came to the end of its list
  std::uint32_t capacity = 0;
  std::uint32_t filled = 0;  // bytes held
  bool from_disk = false;    // checksums of frames in it were not computed since it was read
  bool reread = false;   // appended to behind a block read back at a start, which nobody checked
  bool entered = false;  // a reader has come to its start; from_disk only
  bool again = false;    // and another one
  chunk_memory* memory = nullptr;

  chunk() = default;
  chunk(const chunk&) = delete;
  ~chunk() {
    if (memory) memory->drop();
  }
  [[nodiscard]] portion where() const { return from_disk ? portion::history : portion::fresh; }
  [[nodiscard]] bool holds(std::uint64_t at) const { return at >= start && at < start + filled; }
  [[nodiscard]] bytes view(std::uint64_t from, std::uint64_t to) const {
    return bytes::owned({memory->data + (from - start), to - from}, memory);
  }
  void resize(std::size_t capacity);  // keeps the content; readers of the old memory keep that
  void fill(std::size_t capacity);    // memory for the first time, all of which is read at once
};

// Of one log.
struct read_figures {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
};

struct cache_figures {
  struct of_portion {
    std::uint64_t hits = 0;
    std::array<std::uint64_t, portions> evicted_for{};  // to make room in that portion
  };
  std::array<of_portion, portions> by{};
  std::uint64_t misses = 0;      // reads that waited for the device
  std::uint64_t loads = 0;       // chunks read from the device,
  std::uint64_t read_ahead = 0;  // and of those, before a reader asked
};

class chunk_cache {
 public:
  explicit chunk_cache(std::size_t budget);

  // Memory held by the chunk, pinned or not, has changed.
  void grown(const chunk& c, std::size_t by) {
    used_[index(c.where())] += by;
    shrink(c.where());
  }
  void shrunk(const chunk& c, std::size_t by) { used_[index(c.where())] -= by; }
  // The chunk may be evicted from now on, after all others of its portion; or, pinned, may not.
  void unpin(chunk& c);
  void pin(chunk& c) {
    if (c.is_linked()) c.unlink();
  }
  // A reader got bytes of it.
  void hit(chunk& c);
  // A reader went from its end on to the next one.
  void passed(chunk& c);

  [[nodiscard]] std::size_t used() const { return used_[0] + used_[1]; }
  [[nodiscard]] std::size_t used(portion p) const { return used_[index(p)]; }
  [[nodiscard]] std::size_t budget() const { return budget_; }
  [[nodiscard]] std::size_t minimum(portion p) const { return minimum_[index(p)]; }
  // How many chunks may be read ahead of one reader.
  [[nodiscard]] std::size_t ahead_max() const;
  // Whether one more may be, of all readers together: what waits for the device is memory that no
  // budget counts yet, and appends wait behind it.
  [[nodiscard]] bool may_read_ahead() const;
  void read_begins() { ++being_read_; }
  void read_ends() { --being_read_; }
  void appended() { last_append_ = seastar::lowres_clock::now(); }
  cache_figures figures;

 private:
  using order = boost::intrusive::list<chunk, boost::intrusive::constant_time_size<false>>;
  static constexpr std::size_t index(portion p) { return static_cast<std::size_t>(p); }
  // Asks the segments of the least wanted chunks to let go, until within the budget.
  void shrink(portion wants);
  order* victims();
  void to_end(order& list, chunk& c);

  std::size_t budget_;
  std::array<std::size_t, portions> minimum_;
  std::array<std::size_t, portions> used_{};
  std::uint64_t clock_ = 0;
  std::size_t being_read_ = 0;  // chunks
  seastar::lowres_clock::time_point last_append_;
  order fresh_;    // by arrival
  order history_;  // by last use
  order passed_;   // of history: read through by one reader, by when
};

}  // namespace weir::store
