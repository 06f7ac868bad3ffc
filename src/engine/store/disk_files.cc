// The real file system: Seastar's direct I/O.
#include <seastar/core/coroutine.hh>
#include <seastar/core/file.hh>
#include <seastar/core/fstream.hh>
#include <seastar/core/seastar.hh>
#include <seastar/util/file.hh>

#include <cerrno>
#include <filesystem>
#include <stdexcept>
#include <system_error>

#include "engine/store/file.h"

namespace weir::store {
namespace {

// Full disks and full quotas have a type of their own.
seastar::future<> or_no_space(seastar::future<> asked, const char* what) {
  std::string full;
  try {
    co_await std::move(asked);
    co_return;
  } catch (const std::system_error& e) {
    const auto code = e.code().value();
    if (code != ENOSPC && code != EDQUOT) throw;
    full = e.what();
  }
  throw no_space(fmt::format("{}: {}", what, full));
}

class disk_file final : public file {
 public:
  disk_file(seastar::file f, bool flush) : file_(std::move(f)), flush_(flush) {}

  seastar::future<> write(std::uint64_t at, const char* from, std::size_t size) override {
    return or_no_space(write_all(at, from, size), "write");
  }
  seastar::future<std::size_t> read(std::uint64_t at, char* to, std::size_t size) override {
    return read_whole(
        [this](auto from, auto* into, auto most) { return file_.dma_read(from, into, most); }, at,
        to, size);
  }
  seastar::future<> flush() override {
    return flush_ ? file_.flush() : seastar::make_ready_future<>();
  }
  seastar::future<> truncate(std::uint64_t size) override { return file_.truncate(size); }
  seastar::future<> preallocate(std::uint64_t from, std::uint64_t size) override {
    return or_no_space(extend(from, size), "preallocate");
  }
  seastar::future<std::uint64_t> size() override { return file_.size(); }
  seastar::future<> close() override { return file_.close(); }

 private:
  seastar::future<> write_all(std::uint64_t at, const char* from, std::size_t size) {
    while (size > 0) {
      const auto done = co_await file_.dma_write(at, from, size);
      if (done == 0) throw std::runtime_error("the device wrote nothing");
      // A short write ends somewhere inside a block: that block is written again.
      const auto whole = done == size ? done : block_floor(done);
      if (whole == 0) throw std::runtime_error("the device wrote less than a block");
      at += whole;
      from += whole;
      size -= whole;
    }
  }
  seastar::future<> extend(std::uint64_t from, std::uint64_t size) {
    // Allocating leaves the size alone: a file is never larger than the space it has.
    co_await file_.allocate(from, size - from);
    co_await file_.truncate(size);
  }

  seastar::file file_;
  bool flush_;
};

class disk_files final : public file_system {
 public:
  explicit disk_files(bool flush) : flush_(flush) {}
  seastar::future<std::unique_ptr<file>> create(std::string path) override {
    using seastar::open_flags;
    return opened(std::move(path), open_flags::rw | open_flags::create | open_flags::truncate);
  }
  seastar::future<std::unique_ptr<file>> open(std::string path) override {
    return opened(std::move(path), seastar::open_flags::rw);
  }
  seastar::future<std::unique_ptr<file>> open_read_only(std::string path) override {
    return opened(std::move(path), seastar::open_flags::ro);
  }
  seastar::future<std::vector<std::string>> list(std::string directory) override {
    std::vector<std::string> names;
    auto f = co_await seastar::open_directory(directory);
    auto entries = f.experimental_list_directory();
    while (auto entry = co_await entries()) names.emplace_back(entry->name);
    co_await f.close();
    co_return names;
  }
  seastar::future<bool> exists(std::string path) override { return seastar::file_exists(path); }
  seastar::future<> remove(std::string path) override { return seastar::remove_file(path); }
  seastar::future<> rename(std::string from, std::string to) override {
    co_await or_no_space(seastar::rename_file(from, to), "rename");
  }
  seastar::future<> make_directories(std::string path) override {
    co_await or_no_space(seastar::recursive_touch_directory(path), "make a directory");
    // Durable as a whole: each level's entry is in its parent.
    for (auto p = std::filesystem::path(path); p.has_parent_path() && p != p.root_path();
         p = p.parent_path()) {
      co_await seastar::sync_directory(p.parent_path().string());
    }
  }
  seastar::future<> remove_tree(std::string path) override {
    return seastar::recursive_remove_directory(std::filesystem::path(path));
  }
  seastar::future<> sync_directory(std::string path) override {
    return seastar::sync_directory(path);
  }
  seastar::future<log::device_space> space(std::string path) override {
    const auto found = co_await seastar::file_system_space(path);
    co_return log::device_space{.free = found.available, .total = found.capacity};
  }

 private:
  seastar::future<std::unique_ptr<file>> opened(std::string path, seastar::open_flags flags) {
    seastar::file_open_options options;
    options.extent_allocation_size_hint = 1 << 20;
    std::string full;
    try {
      auto f = co_await seastar::open_file_dma(path, flags, options);
      co_return std::make_unique<disk_file>(std::move(f), flush_);
    } catch (const std::system_error& e) {
      const auto code = e.code().value();
      if (code != ENOSPC && code != EDQUOT) throw;
      full = e.what();
    }
    throw no_space(full);
  }

  bool flush_;
};

}  // namespace

std::unique_ptr<file_system> make_disk_files(bool flush) {
  return std::make_unique<disk_files>(flush);
}

}  // namespace weir::store
