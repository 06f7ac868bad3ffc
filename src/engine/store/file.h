#pragma once
// What the store asks of a file system: few calls, so that a faulty one can stand in for the real
// one (fault_files.h). Positions and sizes of writes and reads are multiples of block_size, memory
// is aligned to it.
#include <seastar/core/future.hh>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::store {

inline constexpr std::size_t block_size = 4096;
constexpr std::uint64_t block_floor(std::uint64_t at) {
  return at & ~std::uint64_t(block_size - 1);
}
constexpr std::uint64_t block_ceil(std::uint64_t at) {
  return block_floor(at + block_size - 1);
}

class file {
 public:
  virtual ~file() = default;
  virtual seastar::future<> write(std::uint64_t at, const char* from, std::size_t size) = 0;
  // Returns how many bytes there were; less than `size` only at the file's end.
  virtual seastar::future<std::size_t> read(std::uint64_t at, char* to, std::size_t size) = 0;
  // Everything written before the call is durable when it resolves (fdatasync).
  virtual seastar::future<> flush() = 0;
  virtual seastar::future<> truncate(std::uint64_t size) = 0;
  // Extends the file to `size`, its space taken from the device now; new bytes read as zeros.
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
  virtual seastar::future<> remove(std::string path) = 0;
  virtual seastar::future<> rename(std::string from, std::string to) = 0;
  virtual seastar::future<> make_directories(std::string path) = 0;  // durable, parents included
  virtual seastar::future<> remove_tree(std::string path) = 0;
  // Entries made, renamed or removed in it are durable when it resolves.
  virtual seastar::future<> sync_directory(std::string path) = 0;
};

// Without `flush`, file::flush() says that all is well without asking the device: what is written
// then survives the process, not a loss of power.
std::unique_ptr<file_system> make_disk_files(bool flush = true);

// A small file as a whole. Absent: nothing. Larger than `limit`: fails.
seastar::future<std::optional<std::string>> read_small(file_system& fs, std::string path,
                                                       std::size_t limit);
// As much of it as its first block holds; may be empty. Absent: nothing.
seastar::future<std::optional<std::string>> read_small_start(file_system& fs, std::string path);
// Replaces it by write to a temporary name, flush, rename, directory sync: whole or not at all.
seastar::future<> replace_small(file_system& fs, std::string path, std::string content);

}  // namespace weir::store
