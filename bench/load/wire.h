// Kafka's protocol by hand, as far as members of groups need it, for loads of which a client's own
// work would be the larger part. Versions without tagged fields.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::load {

enum class api : std::int16_t {
  offset_commit = 8,
  offset_fetch = 9,
  find_coordinator = 10,
  join_group = 11,
  sync_group = 14,
};

// A request's bytes, big-endian.
class request {
 public:
  request(api key, std::int16_t version);

  request& int8(std::int8_t v) { return number(static_cast<std::uint64_t>(v), 1); }
  request& int16(std::int16_t v) { return number(static_cast<std::uint64_t>(v), 2); }
  request& int32(std::int32_t v) { return number(static_cast<std::uint64_t>(v), 4); }
  request& int64(std::int64_t v) { return number(static_cast<std::uint64_t>(v), 8); }
  request& text(std::string_view v);
  request& bytes(std::string_view v);

  // With its size in front.
  std::string framed() const;

 private:
  request& number(std::uint64_t v, int size);

  std::string out_;
};

// Reads an answer; throws when it is too short.
class answer {
 public:
  explicit answer(std::string bytes);

  std::int16_t int16() { return static_cast<std::int16_t>(number(2)); }
  std::int32_t int32() { return static_cast<std::int32_t>(number(4)); }
  std::int64_t int64() { return static_cast<std::int64_t>(number(8)); }
  std::string text();
  std::string bytes();

 private:
  std::uint64_t number(std::size_t size);
  std::string take(std::size_t size);

  std::string bytes_;
  std::size_t at_ = 4;  // behind the correlation id
};

// One connection; requests may be written before answers are read.
class connection {
 public:
  explicit connection(const std::string& address);  // HOST:PORT
  ~connection();
  connection(connection&& other) noexcept;
  connection& operator=(connection&&) = delete;

  void send(const request& r);

  // The next answer; waits for it. Throws when the broker has closed.
  answer next();
  answer ask(const request& r);

  // For poll(2), and after it: what has come; false when that is not a whole answer yet.
  int descriptor() const { return socket_; }
  bool arrived();

 private:
  void receive();
  bool whole() const;

  int socket_ = -1;
  std::string in_;
};

// Of a list of addresses, as the command line has it.
std::vector<std::string> addresses(const std::string& brokers);

}  // namespace weir::load
