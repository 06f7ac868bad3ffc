// One TCP connection of our own, for what librdkafka doesn't speak.
#pragma once

#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

struct addrinfo;

namespace weir::cli {

// Why nothing came of it.
struct no_answer : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class connection {
 public:
  using clock = std::chrono::steady_clock;

  // Tries each address that `host` has. Every step, this one too, throws no_answer where it fails
  // or the deadline comes.
  connection(const std::string& host, const std::string& port, clock::time_point deadline);
  ~connection() { close(); }
  connection(connection&& other) noexcept
      : deadline_(other.deadline_), fd_(std::exchange(other.fd_, -1)) {}
  connection& operator=(connection&&) = delete;

  void set_deadline(clock::time_point deadline) { deadline_ = deadline; }
  void send(std::string_view bytes);
  // Until the other side closes; `max` bounds it.
  std::string receive_all(std::size_t max);
  // Exactly so many.
  std::string receive(std::size_t count);

 private:
  void connect(const addrinfo& to);
  void wait(short what);
  // At least one byte; 0: the other side has closed.
  std::size_t receive_some(char* to, std::size_t room);
  void close();

  clock::time_point deadline_;
  int fd_ = -1;
};

}  // namespace weir::cli
