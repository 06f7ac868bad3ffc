#pragma once
// What a handler gets and gives, and the table that says which APIs this broker answers
// (handlers.cc).
#include <seastar/core/abort_source.hh>
#include <seastar/core/coroutine.hh>
#include <seastar/core/future.hh>
#include <seastar/core/semaphore.hh>

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>

#include "core/base/fragments.h"
#include "core/codec/api_table.h"
#include "core/codec/frame.h"
#include "core/codec/reader.h"
#include "edge/kafka/client_facts.h"

namespace weir::edge {

struct services;

// One request of one connection. The body shares the frame's memory, which is reserved until the
// answer is written.
struct request {
  kafka::request_header header;
  fragments body;
  std::shared_ptr<client_facts> client;
  // Called once the requests behind this one may start: order among produce requests is that of
  // their batches' places in the log, not of their answers. Handlers that don't pipeline leave it
  // alone.
  std::function<void()> next_may_start;
  // Called by who may wait for long, for other clients: the frame's memory is not reserved any
  // more, and `gone` says when the client has left. Such a handler gives nothing then.
  std::function<void()> waits_for_others;
  seastar::abort_source* gone = nullptr;  // as long as the handler has not given its answer
  // Memory that the answer takes beside the frame's, given back when it is written.
  std::function<void(seastar::semaphore_units<>)> hold_until_written;
};

// The whole answer frame; nothing where none is sent (acks=0).
// Fails only when the connection should close.
using answer = std::optional<fragments>;
using handler_call = seastar::future<answer> (*)(services&, request);

struct api_handler {
  kafka::api_key key;
  std::int16_t version_min;
  std::int16_t version_max;
  handler_call call;
};

// In order of key: what ApiVersions tells.
std::span<const api_handler> handlers();
// Null where this broker does not serve the API.
const api_handler* find_handler(std::int16_t key);

// A client broke the protocol: the connection is closed with this as the reason in the log.
struct protocol_violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The request's message. Throws protocol_violation if the bytes are not one. What follows it is not
// looked at: librdkafka sends a few bytes too many with some requests, and Kafka takes them.
template <typename Message>
Message decode(const request& r) {
  kafka::reader from(r.body);
  auto message = Message::decode(from, r.header.version);
  if (!message) {
    throw protocol_violation(fmt::format("unreadable request (API {} version {}): {}", r.header.key,
                                         r.header.version, to_string(message.error())));
  }
  return *std::move(message);
}

template <typename Message>
fragments encode(const request& r, const Message& message) {
  auto frame = kafka::response_frame(r.header.correlation_id, message, r.header.version);
  if (!frame)
    throw std::runtime_error(
        fmt::format("the answer does not encode: {}", to_string(frame.error())));
  return *std::move(frame);
}

// Makes a handler_call of a function that takes the decoded request and gives the answer's message.
template <typename Request, auto Handle>
seastar::future<answer> serve(services& with, request r) {
  auto message = decode<Request>(r);
  auto out = co_await Handle(with, r, std::move(message));
  co_return encode(r, out);
}

}  // namespace weir::edge
