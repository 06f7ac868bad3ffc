#include "cli/connection.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

namespace weir::cli {

namespace {

constexpr std::size_t piece_bytes = 16384;

// Nothing yet is no failure.
void complain() {
  if (errno != EAGAIN && errno != EINTR) throw no_answer(std::strerror(errno));
}

}  // namespace

connection::connection(const std::string& host, const std::string& port, clock::time_point deadline)
    : deadline_(deadline) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int code = getaddrinfo(host.c_str(), port.c_str(), &wanted, &found); code != 0)
    throw no_answer(gai_strerror(code));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, &freeaddrinfo);
  std::string why = "no address";
  for (const auto* at = found; at != nullptr; at = at->ai_next) {
    try {
      connect(*at);
      return;
    } catch (const no_answer& failed) {
      why = failed.what();
      close();
    }
  }
  throw no_answer(why);
}

void connection::connect(const addrinfo& to) {
  fd_ = ::socket(to.ai_family, to.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, to.ai_protocol);
  if (fd_ < 0) throw no_answer(std::strerror(errno));
  if (::connect(fd_, to.ai_addr, to.ai_addrlen) == 0) return;
  if (errno != EINPROGRESS) throw no_answer(std::strerror(errno));
  wait(POLLOUT);
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) throw no_answer(std::strerror(error));
}

void connection::wait(short what) {
  while (true) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - clock::now()).count();
    if (left <= 0) throw no_answer("no answer in time");
    pollfd one{.fd = fd_, .events = what, .revents = 0};
    const int ready = ::poll(&one, 1, static_cast<int>(left));
    if (ready > 0) return;
    if (ready < 0 && errno != EINTR) throw no_answer(std::strerror(errno));
  }
}

void connection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    wait(POLLOUT);
    const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
    if (sent < 0) complain();
  }
}

std::size_t connection::receive_some(char* to, std::size_t room) {
  while (true) {
    wait(POLLIN);
    const auto got = ::recv(fd_, to, room, 0);
    if (got >= 0) return static_cast<std::size_t>(got);
    complain();
  }
}

std::string connection::receive_all(std::size_t max) {
  std::string out;
  char some[piece_bytes];
  while (const auto got = receive_some(some, sizeof some)) {
    out.append(some, got);
    if (out.size() > max) throw no_answer("the answer is too long");
  }
  return out;
}

// Grows with what comes: a length that a stranger sends is not believed.
std::string connection::receive(std::size_t count) {
  std::string out;
  char some[piece_bytes];
  while (out.size() < count) {
    const auto got = receive_some(some, std::min(sizeof some, count - out.size()));
    if (got == 0) throw no_answer("the connection was closed");
    out.append(some, got);
  }
  return out;
}

void connection::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

}  // namespace weir::cli
