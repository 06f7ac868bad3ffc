#pragma once
// What the store asks of a file system: few calls, so that a faulty one can stand in for the real
// one (fault_files.h). Positions and sizes of writes and reads are multiples of block_size, memory
// is aligned to it.
#include <seastar/core/future.hh>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/log/space_watermark.h"

namespace weir::store {

inline constexpr std::size_t block_size = 4096;
constexpr std::uint64_t block_floor(std::uint64_t at) {
  return at & ~std::uint64_t(block_size - 1);
}
constexpr std::uint64_t block_ceil(std::uint64_t at) {
  return block_floor(at + block_size - 1);
}

// The device has no room for what was asked; nothing of it is in doubt, and it can be asked again.
// From create, write, preallocate, rename and making directories, never from a flush.
struct no_space : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class file {
 public:
  virtual ~file() = default;
  virtual seastar::future<> write(std::uint64_t at, const char* from, std::size_t size) = 0;
  // Returns how many bytes there were; less than `size` only at the file's end.
  virtual seastar::future<std::size_t> read(std::uint64_t at, char* to, std::size_t size) = 0;
  // Everything written before the call is durable when it resolves (fdatasync).
  virtual seastar::future<> flush() = 0;
  virtual seastar::future<> truncate(std::uint64_t size) = 0;
  // Extends the file to `size`, its space taken from the device now; new bytes read as zeros. After
  // no_space the file is as large as before.
  virtual seastar::future<> preallocate(std::uint64_t from, std::uint64_t size) = 0;
  virtual seastar::future<std::uint64_t> size() = 0;
  virtual seastar::future<> close() = 0;
};

class file_system {
 public:
  virtual ~file_system() = default;
  virtual seastar::future<std::unique_ptr<file>> create(
      std::string path) = 0;  // empties an existing one
  virtual seastar::future<std::unique_ptr<file>> open(std::string path) = 0;
  virtual seastar::future<std::unique_ptr<file>> open_read_only(std::string path) = 0;
  virtual seastar::future<std::vector<std::string>> list(
      std::string directory) = 0;  // names, unordered
  virtual seastar::future<bool> exists(std::string path) = 0;
  virtual seastar::future<> remove(std::string path) = 0;  // a file, or an empty directory
  virtual seastar::future<> rename(std::string from, std::string to) = 0;
  virtual seastar::future<> make_directories(std::string path) = 0;  // durable, parents included
  virtual seastar::future<> remove_tree(std::string path) = 0;
  // Entries made, renamed or removed in it are durable when it resolves.
  virtual seastar::future<> sync_directory(std::string path) = 0;
  // Of the file system that holds `path`.
  virtual seastar::future<log::device_space> space(std::string path) = 0;
};

// Without `flush`, file::flush() says that all is well without asking the device: what is written
// then survives the process, not a loss of power.
std::unique_ptr<file_system> make_disk_files(bool flush = true);

// One read of up to `size` bytes at `at` into `to`, which may give less for no reason.
using read_some =
    std::function<seastar::future<std::size_t>(std::uint64_t at, char* to, std::size_t size)>;
// Reads on until `size` bytes are there or the file ends, always at whole blocks.
seastar::future<std::size_t> read_whole(read_some some, std::uint64_t at, char* to,
                                        std::size_t size);

// A small file as a whole. Absent: nothing. Larger than `limit`: fails.
seastar::future<std::optional<std::string>> read_small(file_system& fs, std::string path,
                                                       std::size_t limit);
// As much of it as its first block holds; may be empty. Absent: nothing.
seastar::future<std::optional<std::string>> read_small_start(file_system& fs, std::string path);
// Replaces it by write to a temporary name, flush, rename, directory sync: whole or not at all.
seastar::future<> replace_small(file_system& fs, std::string path, std::string content);

}  // namespace weir::store
