#include "cli/http.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <format>
#include <memory>

#include "cli/failure.h"

namespace weir::cli {

namespace {

using steady = std::chrono::steady_clock;

// A broker waits for half a minute until it says that the cluster can't do it.
constexpr std::chrono::seconds change_patience{35};
constexpr std::size_t answer_bytes_max = 256U << 20;

// Why nothing came of it.
struct no_answer : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class connection {
 public:
  connection(const std::string& host, const std::string& port, steady::time_point deadline)
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
  ~connection() { close(); }
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  void send(std::string_view text) {
    while (!text.empty()) {
      wait(POLLOUT);
      const auto sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent > 0) text.remove_prefix(static_cast<std::size_t>(sent));
      if (sent < 0) complain();
    }
  }

  std::string receive_all() {
    std::string out;
    char some[16384];
    while (true) {
      wait(POLLIN);
      const auto got = ::recv(fd_, some, sizeof some, 0);
      if (got == 0) return out;
      if (got < 0) complain();
      if (got > 0) out.append(some, static_cast<std::size_t>(got));
      if (out.size() > answer_bytes_max) throw no_answer("the answer is too long");
    }
  }

 private:
  void connect(const addrinfo& to) {
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
  void wait(short what) {
    while (true) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - steady::now()).count();
      if (left <= 0) throw no_answer("no answer in time");
      pollfd one{.fd = fd_, .events = what, .revents = 0};
      const int ready = ::poll(&one, 1, static_cast<int>(left));
      if (ready > 0) return;
      if (ready < 0 && errno != EINTR) throw no_answer(std::strerror(errno));
    }
  }
  // Nothing yet is no failure.
  static void complain() {
    if (errno != EAGAIN && errno != EINTR) throw no_answer(std::strerror(errno));
  }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

  steady::time_point deadline_;
  int fd_ = -1;
};

// 1.0: the server closes when it has answered, and sends no chunks.
http_answer exchange(const std::string& address, const char* method, const std::string& path,
                     std::chrono::milliseconds timeout) {
  const auto at = split_address(address);
  if (!at) throw failure(std::format("'{}' is no address: write HOST:PORT", address), exit_usage);
  connection c(at->first, at->second, steady::now() + timeout);
  c.send(std::format("{} {} HTTP/1.0\r\nHost: {}\r\nContent-Length: 0\r\n\r\n", method, path,
                     address));
  auto got = read_answer(c.receive_all());
  if (!got) throw no_answer(got.error());
  return *std::move(got);
}

json body_of(const http_answer& got, const std::string& address) {
  const auto body = json::parse(got.body, nullptr, false);
  if (got.status == 200 && !body.is_discarded()) return body;
  if (body.is_object() && body.contains("error") && body["error"].is_string())
    throw failure(body["error"].get<std::string>());
  throw failure(
      std::format("{} answers {} and no JSON: is that the admin interface of a Weir broker?",
                  address, got.status));
}

}  // namespace

admin_client::admin_client(const settings& s, std::string addresses)
    : settings_(s), addresses_(std::move(addresses)) {
  if (!addresses_.empty()) return;
  const char* from_environment = std::getenv("WEIR_ADMIN");
  const bool given = from_environment != nullptr && *from_environment != '\0';
  addresses_ = given ? from_environment : "127.0.0.1:9644";
}

// Commands say what is wanted and not what to change, so that one may be carried out twice.
json admin_client::ask(const char* method, const std::string& path) const {
  const bool looks = std::string_view(method) == "GET";
  const auto timeout = looks || settings_.timeout_s ? settings_.timeout()
                                                    : std::chrono::milliseconds(change_patience);
  std::string why;
  for (std::size_t at = 0; at <= addresses_.size();) {
    const auto comma = std::min(addresses_.find(',', at), addresses_.size());
    const auto address = addresses_.substr(at, comma - at);
    at = comma + 1;
    try {
      return body_of(exchange(address, method, path, timeout), address);
    } catch (const no_answer& failed) {
      why += std::format("{}{}: {}", why.empty() ? "" : "; ", address, failed.what());
    }
  }
  throw failure(
      std::format("no admin interface answers ({}); name a broker's with --admin HOST:PORT", why));
}

}  // namespace weir::cli
