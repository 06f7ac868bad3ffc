#include "bench/load/wire.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string_view>

#include "core/base/endian.h"

namespace weir::load {
namespace {

constexpr std::size_t answer_bytes_max = 64 << 20;

std::size_t size_of(std::string_view in) {
  const auto size = kafka::frame_size(in, answer_bytes_max);
  if (!size) throw std::runtime_error("an answer of absurd size");
  return *size;
}

}  // namespace

connection::connection(const std::string& where) {
  const auto colon = where.rfind(':');
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(where.substr(colon + 1))));
  if (inet_pton(AF_INET, where.substr(0, colon).c_str(), &to.sin_addr) != 1)
    throw std::runtime_error(where + " is no IPv4 address with a port");
  socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
    close(socket_);
    throw closed_error("no connection to " + where);
  }
}

connection::~connection() {
  if (socket_ >= 0) close(socket_);
}

connection::connection(connection&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), in_(std::move(other.in_)) {}

void connection::send_frame(const fragments& body) {
  std::string framed(kafka::frame_prefix_bytes + body.size(), '\0');
  store_be(framed.data(), static_cast<std::int32_t>(body.size()));
  body.copy_to(0, body.size(), framed.data() + kafka::frame_prefix_bytes);
  for (std::size_t at = 0; at < framed.size();) {
    const auto sent = ::send(socket_, framed.data() + at, framed.size() - at, MSG_NOSIGNAL);
    if (sent <= 0) throw closed_error("a broker closed while it was asked");
    at += static_cast<std::size_t>(sent);
  }
}

void connection::receive() {
  std::array<char, 64 << 10> piece;
  const auto got = recv(socket_, piece.data(), piece.size(), 0);
  if (got <= 0) throw closed_error("a broker closed before it answered");
  in_.append(piece.data(), static_cast<std::size_t>(got));
}

bool connection::whole() const {
  return in_.size() >= kafka::frame_prefix_bytes &&
         in_.size() >= kafka::frame_prefix_bytes + size_of(in_);
}

bool connection::arrived() {
  if (!whole()) receive();
  return whole();
}

fragments connection::next_frame() {
  while (!whole()) receive();
  const auto end = kafka::frame_prefix_bytes + size_of(in_);
  auto found = fragments::copy(
      std::string_view(in_).substr(kafka::frame_prefix_bytes, end - kafka::frame_prefix_bytes));
  in_.erase(0, end);
  return found;
}

std::vector<std::string> addresses(const std::string& brokers) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < brokers.size();) {
    const auto end = std::min(brokers.find(',', at), brokers.size());
    out.push_back(brokers.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

}  // namespace weir::load
