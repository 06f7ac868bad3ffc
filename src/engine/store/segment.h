#pragma once
// One segment file and the part of it that is in memory. Appends go to memory at once; write_out()
// brings them to the file, flush() makes them durable. Bytes that are not written yet are always in
// memory.
//
// Invariants: durable <= written <= end; the block that holds `end` is in memory while the segment
// is appended to.
#include <seastar/core/gate.hh>
#include <seastar/core/semaphore.hh>
#include <seastar/core/shared_future.hh>
#include <seastar/core/shared_ptr.hh>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/fragments.h"
#include "engine/store/chunk_cache.h"
#include "engine/store/open_files.h"

namespace weir::store {

struct run {
  bytes data;  // never empty
  bool from_disk =
      false;  // read back from the device: frame bodies in it want their checksum looked at
};

class segment {
 public:
  // A file that is not there yet is created by the first write_out(). `end` is where the next
  // append goes. `reads` counts those of the segment's log.
  segment(open_files& files, std::string path, chunk_cache& cache,
          seastar::lw_shared_ptr<read_figures> reads, bool exists, std::uint64_t end);
  ~segment();
  segment(const segment&) = delete;

  // Brings the block that holds `end` into memory: before the first append to a segment that was
  // found on disk.
  seastar::future<> prepare_append();
  // The bytes of the block that holds `end`, before `end`: from the device, where they are durable.
  seastar::future<std::string> block_before(std::uint64_t end);
  void append(std::string_view piece);
  void append(const fragments& pieces);
  // Of what is not durable in the file, written or not: from >= flushed().
  [[nodiscard]] std::vector<bytes> not_flushed(std::uint64_t from, std::uint64_t to) const;
  // Takes the device's space for everything before `through`, so that writing it later needs none.
  seastar::future<> take_room(std::uint64_t through);
  // Up to `limit`, or all there is.
  seastar::future<> write_out(std::uint64_t limit = UINT64_MAX);
  seastar::future<> flush();
  // No append follows: gives preallocated space back.
  seastar::future<> seal();
  // Forgets everything from `end` on, in memory and in the file, durably. No write is under way.
  seastar::future<> truncate(std::uint64_t end);

  // Recovery has found where the frames end; what follows in the file is zeros.
  void set_end(std::uint64_t end) { end_ = written_ = flushed_ = end; }

  // From `at` (below the end) to the end of the chunk that holds it.
  seastar::future<run> read(std::uint64_t at);

  [[nodiscard]] std::uint64_t end() const { return end_; }
  [[nodiscard]] std::uint64_t written() const { return written_; }
  [[nodiscard]] std::uint64_t flushed() const { return flushed_; }
  [[nodiscard]] std::uint64_t dirty() const { return end_ - written_; }
  [[nodiscard]] const std::string& path() const { return file_.path(); }

  // Opens the file now, by its path, and keeps it open: reads go on though that path is another
  // file's later.
  seastar::future<> hold_open();

  // Waits for reads that are under way, then closes the file; nothing may be asked of it after.
  seastar::future<> close();

  // The cache wants the memory of a clean chunk back.
  void release(chunk& c);

 private:
  seastar::future<kept_file::use> open();
  seastar::future<> take_room(file& f, std::uint64_t through);
  seastar::future<std::size_t> read_twice(file& f, std::uint64_t block, char* to);
  seastar::future<run> load(std::uint64_t at);
  void entered(std::size_t number);
  void read_ahead(std::size_t number);
  [[nodiscard]] bool from_disk(std::size_t number) const {
    return number < chunks_.size() && chunks_[number] && chunks_[number]->from_disk;
  }
  seastar::future<> load_for_all(seastar::gate::holder, std::size_t number);
  seastar::future<run> load_once(std::uint64_t start);
  chunk& tail_chunk(std::size_t wanted);
  void drop(std::size_t number);
  static std::size_t number_of(std::uint64_t at) { return at / chunk_size; }

  chunk_cache& cache_;
  seastar::lw_shared_ptr<read_figures> read_figures_;
  bool appending_;
  std::uint64_t end_;
  std::uint64_t written_;
  std::uint64_t flushed_;
  std::optional<std::uint64_t> allocated_;  // the file's size; known from its first use on
  seastar::semaphore room_{1};              // held while the file grows
  kept_file file_;
  kept_file::use held_;
  kept_file::use unflushed_;  // stays open between a write and the flush that reports its fate
  std::vector<std::unique_ptr<chunk>> chunks_;  // by number; absent ones are null
  std::map<std::size_t, seastar::shared_promise<run>> loading_;
  seastar::gate reads_;
};

using segment_ptr = seastar::lw_shared_ptr<segment>;

}  // namespace weir::store
