#include "app/data_directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <utility>

#include "core/log/segment_header.h"
#include "engine/cluster/membership.h"
#include "engine/store/small_file.h"

namespace weir::app {
namespace {

// A file of one number; nothing if it is not there.
std::expected<std::optional<int>, std::string> read_number(const std::string& path) {
  std::ifstream in(path);
  if (!in) return std::nullopt;
  std::string text;
  std::getline(in, text);
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return std::unexpected(fmt::format("{} does not hold a number", path));
  }
  return value;
}

std::expected<void, std::string> write_number(const std::string& path, int value) {
  const auto fresh = path + ".new";
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  const auto text = fmt::format("{}\n", value);
  const bool written = fd >= 0 &&
                       ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       ::fsync(fd) == 0;
  if (fd >= 0) ::close(fd);
  if (!written || std::rename(fresh.c_str(), path.c_str()) != 0) {
    return std::unexpected(fmt::format("cannot write {}: {}", path, std::strerror(errno)));
  }
  return {};
}

std::expected<int, std::string> lock(const std::string& path) {
  const auto file = path + "/lock";
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return std::unexpected(fmt::format("cannot open {}: {}", file, std::strerror(errno)));
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    char holder[32] = {};
    const auto got = ::read(fd, holder, sizeof holder - 1);
    ::close(fd);
    return std::unexpected(fmt::format(
        "{} is in use by process {}: stop that one, or give --data-dir another directory", path,
        got > 0 ? std::string(holder, std::strcspn(holder, "\n")) : "?"));
  }
  const auto pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(fd, 0) != 0 || ::write(fd, pid.data(), pid.size()) < 0) {
    ::close(fd);
    return std::unexpected(fmt::format("cannot write {}: {}", file, std::strerror(errno)));
  }
  return fd;
}

// From the file "membership": what it became in its cluster. Nothing while it belongs to none.
std::expected<std::optional<int>, std::string> read_membership(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::string content(membership_size_max, '\0');
  in.read(content.data(), static_cast<std::streamsize>(content.size()));
  content.resize(static_cast<std::size_t>(in.gcount()));
  try {
    const auto m = decode_membership(store::small_file_content(content), path);
    return m.belongs() ? std::optional(m.self.value()) : std::nullopt;
  } catch (const std::runtime_error& e) {
    return std::unexpected(e.what());
  }
}

std::expected<node_id, std::string> check(const std::string& path, node_id node) {
  const auto format = read_number(path + "/format");
  if (!format) return std::unexpected(format.error());
  if (*format && **format > log::data_format_version) {
    return std::unexpected(fmt::format(
        "{} was written by a newer Weir (format {}, this one reads up to {}): start that version",
        path, **format, log::data_format_version));
  }
  if (!*format) {
    if (auto done = write_number(path + "/format", log::data_format_version); !done)
      return std::unexpected(done.error());
  }
  auto known = read_membership(path + "/membership");
  if (known && !*known) known = read_number(path + "/node");
  if (!known) return std::unexpected(known.error());
  if (node.value() < 0) return node_id(known->value_or(-1));
  if (*known && **known != node.value()) {
    return std::unexpected(
        fmt::format("{} belongs to node {}, not to node {}: the number of a broker never changes",
                    path, **known, node));
  }
  if (!*known) {
    if (auto done = write_number(path + "/node", node.value()); !done)
      return std::unexpected(done.error());
  }
  return node;
}

}  // namespace

std::expected<data_directory, std::string> data_directory::open(const std::string& path,
                                                                node_id node) {
  std::error_code error;
  const auto absolute = std::filesystem::absolute(path, error).lexically_normal();
  std::filesystem::create_directories(absolute, error);
  if (error)
    return std::unexpected(fmt::format("cannot make {}: {}", absolute.string(), error.message()));
  auto text = absolute.string();
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  const auto fd = lock(text);
  if (!fd) return std::unexpected(fd.error());
  data_directory opened(text, *fd);
  const auto known = check(text, node);
  if (!known) return std::unexpected(known.error());
  opened.node_ = *known;
  return opened;
}

data_directory::data_directory(data_directory&& other) noexcept
    : path_(std::move(other.path_)), node_(other.node_), lock_(std::exchange(other.lock_, -1)) {}

data_directory::~data_directory() {
  if (lock_ >= 0) ::close(lock_);
}

}  // namespace weir::app
