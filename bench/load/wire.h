// Connections that speak Kafka's protocol with the messages of core/codec, for loads of which a
// client's own work would be the larger part.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "core/base/fragments.h"
#include "core/codec/end_txn.h"
#include "core/codec/find_coordinator.h"
#include "core/codec/frame.h"
#include "core/codec/init_producer_id.h"
#include "core/codec/join_group.h"
#include "core/codec/offset_commit.h"
#include "core/codec/offset_fetch.h"
#include "core/codec/produce.h"
#include "core/codec/sync_group.h"

namespace weir::load {

// Of each request its answer, and the version that is spoken: one that both brokers have.
template <class Answer, std::int16_t in_version>
struct speaks {
  using answer = Answer;
  static constexpr std::int16_t version = in_version;
};
template <class Request>
struct spoken;
template <>
struct spoken<kafka::find_coordinator_request> : speaks<kafka::find_coordinator_response, 4> {};
template <>
struct spoken<kafka::join_group_request> : speaks<kafka::join_group_response, 9> {};
template <>
struct spoken<kafka::sync_group_request> : speaks<kafka::sync_group_response, 5> {};
template <>
struct spoken<kafka::offset_commit_request> : speaks<kafka::offset_commit_response, 9> {};
template <>
struct spoken<kafka::offset_fetch_request> : speaks<kafka::offset_fetch_response, 9> {};
// Transactions as Kafka's own client makes them since 4.0: leaders of partitions add them to the
// transaction (KIP-890).
template <>
struct spoken<kafka::init_producer_id_request> : speaks<kafka::init_producer_id_response, 5> {};
template <>
struct spoken<kafka::produce_request> : speaks<kafka::produce_response, 12> {};
template <>
struct spoken<kafka::end_txn_request> : speaks<kafka::end_txn_response, 5> {};
template <class Request>
using answer_to = spoken<Request>::answer;

// Thrown where a broker has closed: it died, perhaps as it should.
struct closed_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// One connection; requests may be written before answers are read.
class connection {
 public:
  explicit connection(const std::string& address);  // HOST:PORT
  ~connection();
  connection(connection&& other) noexcept;
  connection& operator=(connection&&) = delete;

  template <class Request>
  void send(const Request& request) {
    constexpr auto version = spoken<Request>::version;
    kafka::writer to(request.encoded_size(version) + header_bytes_max);
    auto done = kafka::encode_request_header(
        to, {.key = Request::message_key, .version = version, .client_id = text("weir-load")});
    if (done) done = request.encode(to, version);
    if (!done) throw std::runtime_error("a request that its version can't carry");
    send_frame(to.take());
  }

  // The next answer, which is to a request of that kind; waits for it.
  template <class Request>
  answer_to<Request> next() {
    constexpr auto version = spoken<Request>::version;
    const auto frame = next_frame();
    kafka::reader from(frame);
    const auto header = kafka::decode_response_header(
        from, kafka::response_header_version(Request::message_key, version));
    auto found = answer_to<Request>::decode(from, version);
    if (!header || !found || from.left() > 0)
      throw std::runtime_error("an answer that can't be read");
    return std::move(*found);
  }

  template <class Request>
  answer_to<Request> ask(const Request& request) {
    send(request);
    return next<Request>();
  }

  // For poll(2), and after it: what has come; false when that is not a whole answer yet.
  int descriptor() const { return socket_; }
  bool arrived();

 private:
  static constexpr std::size_t header_bytes_max = 64;

  void send_frame(const fragments& body);
  fragments next_frame();
  void receive();
  bool whole() const;

  int socket_ = -1;
  std::string in_;
};

// Of a list of addresses, as the command line has it.
std::vector<std::string> addresses(const std::string& brokers);

}  // namespace weir::load
