#include "engine/store/file.h"

#include <seastar/core/aligned_buffer.hh>
#include <seastar/core/coroutine.hh>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <stdexcept>

#include "core/base/endian.h"
#include "engine/store/small_file.h"

namespace weir::store {

seastar::future<std::size_t> read_whole(read_some some, std::uint64_t at, char* to,
                                        std::size_t size) {
  std::size_t have = 0;
  while (have < size) {
    // A read that ended inside a block is repeated from that block on: at the file's end it gives
    // no more than before.
    const auto from = static_cast<std::size_t>(block_floor(have));
    const auto got = from + co_await some(at + from, to + from, size - from);
    if (got <= have) co_return have;
    have = got;
  }
  co_return have;
}

seastar::future<std::optional<std::string>> read_small_start(file_system& fs, std::string path) {
  if (!co_await fs.exists(path)) co_return std::nullopt;
  auto f = co_await fs.open_read_only(path);
  auto buffer = seastar::allocate_aligned_buffer<char>(block_size, block_size);
  const auto got = co_await f->read(0, buffer.get(), block_size);
  co_await f->close();
  co_return std::string(small_file_content({buffer.get(), got}));
}

seastar::future<std::optional<std::string>> read_small(file_system& fs, std::string path,
                                                       std::size_t limit) {
  if (!co_await fs.exists(path)) co_return std::nullopt;
  auto f = co_await fs.open_read_only(path);
  const auto size = co_await f->size();
  if (size > block_ceil(limit + sizeof(std::uint64_t))) {
    co_await f->close();
    throw std::runtime_error(path + ": " + std::to_string(size) +
                             " bytes are more than it may have");
  }
  const auto whole = block_ceil(size);
  auto buffer =
      seastar::allocate_aligned_buffer<char>(std::max<std::size_t>(whole, block_size), block_size);
  const auto got = co_await f->read(0, buffer.get(), whole);
  co_await f->close();
  if (got < size) throw std::runtime_error(path + " can't be read as a whole");
  co_return std::string(small_file_content({buffer.get(), got}));
}

seastar::future<> replace_small(file_system& fs, std::string path, std::string content) {
  const auto directory = std::filesystem::path(path).parent_path().string();
  const auto whole = block_ceil(content.size() + sizeof(std::uint64_t));
  auto buffer = seastar::allocate_aligned_buffer<char>(whole, block_size);
  std::memset(buffer.get(), 0, whole);
  store_le<std::uint64_t>(buffer.get(), content.size());
  std::memcpy(buffer.get() + sizeof(std::uint64_t), content.data(), content.size());
  const auto fresh = path + ".new";
  auto f = co_await fs.create(fresh);
  std::exception_ptr failed;
  try {
    co_await f->write(0, buffer.get(), whole);
    co_await f->flush();
  } catch (...) {
    failed = std::current_exception();
  }
  co_await f->close();
  try {
    if (!failed) co_await fs.rename(fresh, path);
  } catch (...) {
    failed = std::current_exception();
  }
  if (failed) {
    // Gives its space back, which may be the last there is. It may be gone already, or the device
    // be: the first failure says more.
    try {
      co_await fs.remove(fresh);
    } catch (const std::exception&) {
    }
    std::rethrow_exception(failed);
  }
  co_await fs.sync_directory(directory);
}

}  // namespace weir::store
