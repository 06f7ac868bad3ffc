#pragma once
// Writes a whole segment file under a temporary name. It counts only once finish() has resolved and
// the caller has given it its name; nothing is in the cache.
#include <seastar/core/aligned_buffer.hh>
#include <seastar/core/future.hh>

#include <memory>
#include <string>

#include "core/log/segment_header.h"
#include "core/log/segment_index.h"
#include "engine/store/file.h"

namespace weir::store {

class segment_writer {
 public:
  segment_writer(file_system& files, std::string path, const log::segment_header& header);

  // The next frame; index and offset may leave holes. `time`: the largest of its records, or
  // no_timestamp.
  seastar::future<> add(log::frame_head head, fragments body, timestamp time);
  // As of the end: the header's are those of the beginning.
  void voted(const log::vote& last) { header_.last_vote = last; }
  void forgot(log_index through) { header_.forgotten = through; }
  void created(timestamp at) { header_.created = std::max(header_.created, at); }
  // Everything is durable when it resolves, but for the name. `span`: what the file stands for;
  // its end is set here.
  seastar::future<> finish(log::compacted_span span);
  // Also after a failure, and more than once.
  seastar::future<> close();

  [[nodiscard]] std::uint64_t end() const { return index_.totals().end.value(); }
  [[nodiscard]] const log::segment_header& header() const { return header_; }
  [[nodiscard]] const log::segment_index& index() const { return index_; }
  // Bytes written since the last call.
  std::uint64_t take_written() { return std::exchange(unpaid_, 0); }

 private:
  seastar::future<> put(std::string_view piece);
  seastar::future<> write_buffer(std::size_t size);

  file_system& files_;
  std::string path_;
  log::segment_header header_;
  log::segment_index index_;
  std::unique_ptr<file> file_;
  std::unique_ptr<char[], seastar::free_deleter> buffer_;
  std::uint64_t buffer_at_ = block_size;  // where the buffer's first byte lies in the file
  std::size_t filled_ = 0;
  std::uint64_t unpaid_ = 0;
};

}  // namespace weir::store
