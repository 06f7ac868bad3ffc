#pragma once
// The frames of a closed segment file, in order, by a handle of its own and past the cache. Each
// one is checked, since what is made of it gets new checksums.
#include <seastar/core/future.hh>

#include <memory>
#include <optional>
#include <string>

#include "core/base/fragments.h"
#include "core/log/frame.h"
#include "engine/store/file.h"

namespace weir::store {

struct whole_frame {
  log::frame_head head;
  fragments body;  // shares the windows that were read
};

class frame_source {
 public:
  // `end`: of the last frame.
  frame_source(file_system& files, std::string path, std::uint64_t salt, std::uint64_t end)
      : files_(files), path_(std::move(path)), salt_(salt), end_(end) {}

  // Nothing at the end. Fails with runtime_error where the file is damaged.
  seastar::future<std::optional<whole_frame>> next();
  seastar::future<> close();
  // Bytes read since the last call.
  std::uint64_t take_read() { return std::exchange(read_, 0); }

 private:
  seastar::future<fragments> take(std::size_t count);
  seastar::future<> load();
  [[noreturn]] void damaged(std::uint64_t at, std::string_view what) const;

  file_system& files_;
  std::string path_;
  std::uint64_t salt_;
  std::uint64_t end_;
  std::unique_ptr<file> file_;
  std::uint64_t at_ = block_size;  // the header is known
  log_index next_index_{};
  offset next_offset_{0};
  std::uint64_t read_ = 0;
  bytes window_;  // what lies at at_
};

}  // namespace weir::store
