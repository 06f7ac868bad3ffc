#pragma once
// A file system that counts what is asked of another one.
#include <seastar/core/coroutine.hh>

#include "engine/store/file.h"

namespace weir::store {

struct io_counts {
  std::uint64_t calls = 0;  // of any kind
  std::uint64_t reads = 0;
  std::uint64_t bytes_read = 0;
  std::uint64_t writes = 0;
};

class counting_file final : public file {
 public:
  counting_file(std::unique_ptr<file> inner, io_counts& counts)
      : inner_(std::move(inner)), counts_(counts) {}
  seastar::future<> write(std::uint64_t at, const char* from, std::size_t size) override {
    ++counts_.calls;
    ++counts_.writes;
    return inner_->write(at, from, size);
  }
  seastar::future<std::size_t> read(std::uint64_t at, char* to, std::size_t size) override {
    ++counts_.calls;
    ++counts_.reads;
    const auto got = co_await inner_->read(at, to, size);
    counts_.bytes_read += got;
    co_return got;
  }
  seastar::future<> flush() override { return ++counts_.calls, inner_->flush(); }
  seastar::future<> truncate(std::uint64_t size) override {
    return ++counts_.calls, inner_->truncate(size);
  }
  seastar::future<> preallocate(std::uint64_t from, std::uint64_t size) override {
    return ++counts_.calls, inner_->preallocate(from, size);
  }
  seastar::future<std::uint64_t> size() override { return ++counts_.calls, inner_->size(); }
  seastar::future<> close() override { return inner_->close(); }

 private:
  std::unique_ptr<file> inner_;
  io_counts& counts_;
};

class counting_files final : public file_system {
 public:
  explicit counting_files(file_system& inner) : inner_(inner) {}
  io_counts counts;

  seastar::future<std::unique_ptr<file>> create(std::string path) override {
    return counted(inner_.create(std::move(path)));
  }
  seastar::future<std::unique_ptr<file>> open(std::string path) override {
    return counted(inner_.open(std::move(path)));
  }
  seastar::future<std::unique_ptr<file>> open_read_only(std::string path) override {
    return counted(inner_.open_read_only(std::move(path)));
  }
  seastar::future<std::vector<std::string>> list(std::string directory) override {
    return ++counts.calls, inner_.list(std::move(directory));
  }
  seastar::future<bool> exists(std::string path) override {
    return ++counts.calls, inner_.exists(std::move(path));
  }
  seastar::future<> remove(std::string path) override {
    return ++counts.calls, inner_.remove(std::move(path));
  }
  seastar::future<> rename(std::string from, std::string to) override {
    return ++counts.calls, inner_.rename(std::move(from), std::move(to));
  }
  seastar::future<> make_directories(std::string path) override {
    return ++counts.calls, inner_.make_directories(std::move(path));
  }
  seastar::future<> remove_tree(std::string path) override {
    return ++counts.calls, inner_.remove_tree(std::move(path));
  }
  seastar::future<> sync_directory(std::string path) override {
    return ++counts.calls, inner_.sync_directory(std::move(path));
  }
  seastar::future<log::device_space> space(std::string path) override {
    return inner_.space(std::move(path));
  }

 private:
  seastar::future<std::unique_ptr<file>> counted(seastar::future<std::unique_ptr<file>> opening) {
    ++counts.calls;
    auto inner = co_await std::move(opening);
    co_return std::make_unique<counting_file>(std::move(inner), counts);
  }

  file_system& inner_;
};

}  // namespace weir::store
