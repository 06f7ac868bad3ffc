#include "bench/load/wire.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace weir::load {
namespace {

constexpr std::size_t answer_bytes_max = 64 << 20;
constexpr std::size_t size_bytes = 4;

std::size_t size_of(const std::string& in) {
  std::size_t size = 0;
  for (std::size_t i = 0; i < size_bytes; ++i) size = size << 8 | static_cast<unsigned char>(in[i]);
  if (size > answer_bytes_max) throw std::runtime_error("an answer of absurd size");
  return size;
}

}  // namespace

request::request(api key, std::int16_t version) {
  int16(static_cast<std::int16_t>(key)).int16(version).int32(1).text("weir-load");
}

request& request::number(std::uint64_t v, int size) {
  for (int shift = 8 * (size - 1); shift >= 0; shift -= 8)
    out_ += static_cast<char>(v >> shift & 0xff);
  return *this;
}

request& request::text(std::string_view v) {
  int16(static_cast<std::int16_t>(v.size()));
  out_ += v;
  return *this;
}

request& request::bytes(std::string_view v) {
  int32(static_cast<std::int32_t>(v.size()));
  out_ += v;
  return *this;
}

std::string request::framed() const {
  std::string framed;
  for (int shift = 24; shift >= 0; shift -= 8)
    framed += static_cast<char>(out_.size() >> shift & 0xff);
  return framed + out_;
}

answer::answer(std::string bytes) : bytes_(std::move(bytes)) {}

std::uint64_t answer::number(std::size_t size) {
  std::uint64_t v = 0;
  for (const char c : take(size)) v = v << 8 | static_cast<unsigned char>(c);
  return v;
}

std::string answer::take(std::size_t size) {
  if (size > bytes_.size() - at_) throw std::runtime_error("an answer that is too short");
  at_ += size;
  return bytes_.substr(at_ - size, size);
}

std::string answer::text() {
  const auto size = int16();
  return size < 0 ? std::string() : take(static_cast<std::size_t>(size));
}

std::string answer::bytes() {
  const auto size = int32();
  return size < 0 ? std::string() : take(static_cast<std::size_t>(size));
}

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
    throw std::runtime_error("no connection to " + where);
  }
}

connection::~connection() {
  if (socket_ >= 0) close(socket_);
}

connection::connection(connection&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), in_(std::move(other.in_)) {}

void connection::send(const request& r) {
  const auto framed = r.framed();
  for (std::size_t at = 0; at < framed.size();) {
    const auto sent = ::send(socket_, framed.data() + at, framed.size() - at, MSG_NOSIGNAL);
    if (sent <= 0) throw std::runtime_error("a broker closed while it was asked");
    at += static_cast<std::size_t>(sent);
  }
}

void connection::receive() {
  std::array<char, 64 << 10> piece;
  const auto got = recv(socket_, piece.data(), piece.size(), 0);
  if (got <= 0) throw std::runtime_error("a broker closed before it answered");
  in_.append(piece.data(), static_cast<std::size_t>(got));
}

bool connection::whole() const {
  return in_.size() >= size_bytes && in_.size() >= size_bytes + size_of(in_);
}

bool connection::arrived() {
  if (!whole()) receive();
  return whole();
}

answer connection::next() {
  while (!whole()) receive();
  const auto size = size_of(in_);
  answer found(in_.substr(size_bytes, size));
  in_.erase(0, size_bytes + size);
  return found;
}

answer connection::ask(const request& r) {
  send(r);
  return next();
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
