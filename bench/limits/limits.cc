// weir-limits: what the machine gives at best.
//   weir-limits send PORT CONNECTIONS SECONDS    bytes to weir-sink over loopback
//   weir-limits disk FILE CHUNK SECONDS          O_DIRECT writes, each flushed, to a file with room
//   reserved
// Prints one JSON line: bytes, seconds, cpu (seconds of this process).
#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace {

using clock = std::chrono::steady_clock;

constexpr std::size_t page = 4096;
constexpr std::size_t send_bytes = 1 << 20;
constexpr off_t file_bytes = 256 << 20;  // written over and over

struct aligned_free {
  void operator()(void* p) const { std::free(p); }
};
std::unique_ptr<char, aligned_free> noise(std::size_t size) {
  std::unique_ptr<char, aligned_free> bytes(static_cast<char*>(std::aligned_alloc(page, size)));
  if (!bytes) throw std::bad_alloc();
  for (std::size_t i = 0; i < size; ++i) bytes.get()[i] = static_cast<char>(i * 31 >> 3);
  return bytes;
}

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

double cpu() {
  rusage own{};
  getrusage(RUSAGE_SELF, &own);
  return static_cast<double>(own.ru_utime.tv_sec + own.ru_stime.tv_sec) +
         static_cast<double>(own.ru_utime.tv_usec + own.ru_stime.tv_usec) / 1e6;
}

std::uint64_t send_until(std::uint16_t port, clock::time_point end) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0) fail("socket");
  sockaddr_in to{
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  if (connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) fail("connect");
  const auto bytes = noise(send_bytes);
  std::uint64_t sent = 0;
  while (clock::now() < end) {
    const auto n = send(fd, bytes.get(), send_bytes, MSG_NOSIGNAL);
    if (n < 0) fail("send");
    sent += static_cast<std::uint64_t>(n);
  }
  close(fd);
  return sent;
}

std::uint64_t send_all(std::uint16_t port, int connections, clock::time_point end) {
  std::atomic<std::uint64_t> sent = 0;
  std::atomic<bool> failed = false;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < connections; ++i)
      threads.emplace_back([&] {
        try {
          sent += send_until(port, end);
        } catch (const std::exception& e) {
          std::fprintf(stderr, "weir-limits: %s\n", e.what());
          failed = true;
        }
      });
  }
  if (failed) throw std::runtime_error("a sender failed");
  return sent;
}

std::uint64_t write_until(const char* name, std::size_t chunk, clock::time_point end) {
  const int fd = open(name, O_RDWR | O_CREAT | O_DIRECT, 0600);
  if (fd < 0) fail(name);
  const auto bytes = noise(chunk);
  std::uint64_t written = 0;
  for (off_t at = 0; clock::now() < end; at += static_cast<off_t>(chunk)) {
    if (at + static_cast<off_t>(chunk) > file_bytes) at = 0;
    if (pwrite(fd, bytes.get(), chunk, at) != static_cast<ssize_t>(chunk)) fail("write");
    if (fdatasync(fd) != 0) fail("fdatasync");
    written += chunk;
  }
  close(fd);
  return written;
}

// Writes the file whole once: room that was only reserved would cost the measured writes a change
// of its metadata.
void fill(const char* name) {
  const int fd = open(name, O_RDWR | O_CREAT | O_DIRECT, 0600);
  if (fd < 0) fail(name);
  const auto bytes = noise(send_bytes);
  for (off_t at = 0; at < file_bytes; at += send_bytes)
    if (pwrite(fd, bytes.get(), send_bytes, at) != static_cast<ssize_t>(send_bytes)) fail("write");
  if (fsync(fd) != 0) fail("fsync");
  close(fd);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 5) throw std::runtime_error("see the head of limits.cc");
  const std::string mode = argv[1];
  const std::size_t count = std::stoul(argv[3]);
  if (mode == "disk") {
    if (count == 0 || count % page != 0) throw std::runtime_error("chunks are whole pages");
    fill(argv[2]);
  }
  const auto before = cpu();
  const auto begin = clock::now();
  const auto end = begin + std::chrono::milliseconds(static_cast<long>(std::stod(argv[4]) * 1000));
  const auto bytes = mode == "disk" ? write_until(argv[2], count, end)
                                    : send_all(static_cast<std::uint16_t>(std::stoi(argv[2])),
                                               static_cast<int>(count), end);
  const std::chrono::duration<double> taken = clock::now() - begin;
  std::printf("{\"bytes\": %llu, \"seconds\": %.6f, \"cpu\": %.6f}\n",
              static_cast<unsigned long long>(bytes), taken.count(), cpu() - before);
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "weir-limits: %s\n", e.what());
  return 1;
}
