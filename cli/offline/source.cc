#include "cli/offline/source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/base/endian.h"

namespace weir::offline {
namespace {

class file_source final : public byte_source {
 public:
  explicit file_source(const std::string& path) : path_(path) {
    // O_NONBLOCK: a pipe in the place of a file must not hold the program.
    fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd_ < 0) fail("cannot be opened");
    struct stat status{};
    if (::fstat(fd_, &status) != 0) refuse("cannot be asked for its size");
    if (!S_ISREG(status.st_mode)) {
      ::close(fd_);
      throw read_failed(path_ + " is not a file");
    }
    size_ = static_cast<std::uint64_t>(status.st_size);
  }
  ~file_source() override { ::close(fd_); }

  [[nodiscard]] std::uint64_t size() const override { return size_; }
  [[nodiscard]] std::string read(std::uint64_t at, std::size_t most) const override {
    std::string got(at < size_ ? std::min<std::uint64_t>(most, size_ - at) : 0, '\0');
    std::size_t done = 0;
    while (done < got.size()) {
      const auto n =
          ::pread(fd_, got.data() + done, got.size() - done, static_cast<off_t>(at + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) fail(fmt::format("cannot be read at position {}", at + done));
      if (n == 0) break;  // it has become shorter
      done += static_cast<std::size_t>(n);
    }
    got.resize(done);
    return got;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw read_failed(fmt::format("{} {}: {}", path_, what, std::strerror(errno)));
  }
  [[noreturn]] void refuse(const std::string& what) const {
    const auto why = errno;
    ::close(fd_);
    errno = why;
    fail(what);
  }

  std::string path_;
  int fd_ = -1;
  std::uint64_t size_ = 0;
};

class memory final : public byte_source {
 public:
  explicit memory(std::string content) : content_(std::move(content)) {}
  [[nodiscard]] std::uint64_t size() const override { return content_.size(); }
  [[nodiscard]] std::string read(std::uint64_t at, std::size_t most) const override {
    return at < content_.size() ? content_.substr(at, most) : std::string();
  }

 private:
  std::string content_;
};

class overlaid final : public byte_source {
 public:
  overlaid(source_ptr base, std::vector<log::journal_extent> extents,
           std::vector<source_ptr> journals)
      : base_(std::move(base)), extents_(std::move(extents)), journals_(std::move(journals)) {
    size_ = base_->size();
    for (const auto& x : extents_) {
      first_ = std::min(first_, x.at);
      size_ = std::max(size_, x.at + x.size);
    }
  }
  [[nodiscard]] std::uint64_t size() const override { return size_; }
  [[nodiscard]] std::string read(std::uint64_t at, std::size_t most) const override {
    if (at >= size_) return {};
    const auto end = at + std::min<std::uint64_t>(most, size_ - at);
    auto got = base_->read(at, end - at);
    if (end <= first_) return got;
    got.resize(end - at, '\0');
    for (const auto& x : extents_) {
      const auto from = std::max(x.at, at);
      const auto to = std::min(x.at + x.size, end);
      if (from >= to) continue;
      const auto patch = journals_[x.source]->read(x.source_at + (from - x.at), to - from);
      patch.copy(got.data() + (from - at), patch.size());
    }
    return got;
  }

 private:
  source_ptr base_;
  std::vector<log::journal_extent> extents_;
  std::vector<source_ptr> journals_;
  std::uint64_t first_ = UINT64_MAX;
  std::uint64_t size_ = 0;
};

}  // namespace

source_ptr open_source(const std::string& path) {
  return std::make_shared<file_source>(path);
}
source_ptr memory_source(std::string content) {
  return std::make_shared<memory>(std::move(content));
}
source_ptr overlay(source_ptr base, std::vector<log::journal_extent> extents,
                   std::vector<source_ptr> journals) {
  if (extents.empty()) return base;
  return std::make_shared<overlaid>(std::move(base), std::move(extents), std::move(journals));
}

std::expected<std::string, std::string> small_content(const byte_source& from) {
  constexpr std::size_t prefix = sizeof(std::uint64_t);
  if (from.size() > small_file_max + 4096)
    return std::unexpected(fmt::format("{} bytes are more than it may have", from.size()));
  const auto head = from.read(0, prefix);
  if (head.size() < prefix) return std::unexpected(std::string("shorter than its size field"));
  const auto size = load_le<std::uint64_t>(head.data());
  if (size > from.size() - prefix) {
    return std::unexpected(
        fmt::format("says that it has {} bytes, and {} are there", size, from.size() - prefix));
  }
  return from.read(prefix, size);
}

}  // namespace weir::offline
