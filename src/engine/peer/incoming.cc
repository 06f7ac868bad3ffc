#include "engine/peer/incoming.h"

#include <seastar/core/coroutine.hh>
#include <seastar/coroutine/as_future.hh>
#include <seastar/coroutine/maybe_yield.hh>
#include <seastar/util/log.hh>

#include "core/peer/raft_pack.h"
#include "engine/peer/dial.h"
#include "engine/peer/peer_log.h"

namespace weir::peer {
namespace {

// Whoever wants to fill the log with what it sends has to wait.
thread_local seastar::logger::rate_limit violation_lines{std::chrono::seconds(1)};

constexpr std::size_t hand_over_max = 256;  // messages in one hop
constexpr std::size_t turn = 64;            // messages between two looks at the clock

template <typename Message>
Message decoded(const received_frame& frame) {
  auto m = decode_as<Message>(frame.head);
  if (!m) throw peer_violation(m.error());
  return *std::move(m);
}

}  // namespace

incoming::incoming(incoming_host& host, seastar::connected_socket socket, std::string address)
    : host_(host),
      socket_(std::move(socket)),
      in_(socket_.input({.buffer_size = 4096, .max_buffer_size = 128 * 1024}),
          host.receive_memory()),
      out_(socket_.output(), [this] { return more(); }),
      address_(std::move(address)) {}

seastar::future<> incoming::serve() {
  const auto self = shared_from_this();
  prepare(socket_, host_.settings().dead_after);
  auto writing = write();
  auto read = co_await seastar::coroutine::as_future(read_all());
  ended_ = true;
  std::exception_ptr why;
  if (read.failed()) why = read.get_exception();
  tell_end(why);
  // The writer may have taken it already, and not be through.
  const bool refused = hello_ && from_.value() < 0;
  if ((answers_.empty() && !refused) || why) {
    out_.end();
    drop();
  } else {
    // A refusal is still to be read by the other side, which gets the time of a write for it.
    answers_.emplace_back();
    out_.wake();
  }
  co_await std::move(writing);
  drop();
  co_await out_.close();
  co_await in_.close();
  if (meters_) meters_->received_bytes += in_.bytes_read();
  snapshots_.clear();
}

seastar::future<> incoming::write() {
  auto written = co_await seastar::coroutine::as_future(out_.run());
  if (written.failed()) {
    peer_log.debug("peer at {}: answering ended: {}", address_, written.get_exception());
  }
  co_await out_.close();
  drop();
}

void incoming::drop() {
  socket_.shutdown_input();
  socket_.shutdown_output();
}

void incoming::drop_if_stuck(seastar::lowres_clock::time_point hello_since,
                             seastar::lowres_clock::time_point frame_since) {
  const bool no_hello = !hello_ && began_ < hello_since;
  if (!no_hello && !in_.stuck(frame_since) && !out_.stuck(frame_since)) return;
  peer_log.log(seastar::log_level::info, violation_lines, "peer at {}: connection closed, {}",
               address_, no_hello ? "it did not say hello" : "it does not move");
  drop();
}

void incoming::tell_end(const std::exception_ptr& why) {
  try {
    if (why) std::rethrow_exception(why);
  } catch (const peer_violation& e) {
    peer_log.log(seastar::log_level::warn, violation_lines,
                 "peer at {} (broker {}): connection closed, it sent {}", address_, from_,
                 e.what());
  } catch (const std::exception& e) {
    peer_log.debug("peer at {} (broker {}): connection ended: {}", address_, from_, e.what());
  }
}

seastar::future<> incoming::read_all() {
  if (!co_await handshake()) co_return;
  while (auto frame = co_await in_.next({})) co_await take(std::move(*frame));
}

seastar::future<bool> incoming::handshake() {
  const auto frame = co_await in_.next(handshake_limits);
  if (!frame) co_return false;
  if (frame->header.kind != message_kind::hello) throw peer_violation("no hello");
  const auto h = decoded<hello>(*frame);
  const auto w = host_.greeted(h);
  hello_ = h;
  answer(frame_of(w));
  const auto refused = static_cast<refusal>(w.refusal);
  if (refused != refusal::none) {
    peer_log.log(seastar::log_level::warn, violation_lines,
                 "peer at {} refused: {} (broker {} with id {} of cluster {}, it wants broker "
                 "{} with id {})",
                 address_, name(refused), h.node_id, h.broker_id, h.cluster_id, h.to_node,
                 h.to_broker);
    co_return false;
  }
  from_ = node_id(h.node_id);
  self_ = node_id(w.node_id);
  way_ = static_cast<way>(h.way);
  meters_ = &host_.meters_of(from_);
  co_return true;
}

seastar::future<> incoming::take(received_frame frame) {
  switch (frame.header.kind) {
    case message_kind::raft_pack:
      co_return co_await take_pack(frame);
    case message_kind::beat:
      co_return co_await host_.heard(from_, decoded<beat>(frame));
    case message_kind::call: {
      auto c = decoded<call>(frame);
      begin_call(std::move(c), std::move(frame));
      co_return;
    }
    case message_kind::snapshot_begin:
      co_return begin_snapshot(decoded<snapshot_begin>(frame));
    case message_kind::snapshot_chunk:
      co_return take_chunk(decoded<snapshot_chunk>(frame), frame);
    case message_kind::hello:
    case message_kind::welcome:
    case message_kind::call_answer:
    case message_kind::raft_taken:
    case message_kind::snapshot_progress:
      break;
  }
  throw peer_violation("what only an acceptor sends");
}

seastar::future<> incoming::take_pack(const received_frame& frame) {
  raft_unpacker from(frame.head.view(), frame.tail, from_, self_);
  absl::flat_hash_map<unsigned, std::vector<raft_post>> elsewhere;
  std::size_t count = 0;
  for (auto next = from.next();; next = from.next()) {
    if (!next) throw peer_violation(next.error());
    if (!*next) break;
    ++meters_->received_messages;
    const auto shard = host_.owner((*next)->group);
    if (shard == seastar::this_shard_id()) {
      host_.receive(std::move(**next));
    } else {
      auto& there = elsewhere[shard];
      there.push_back(std::move(**next));
      if (there.size() >= hand_over_max) {
        co_await host_.hand_over(shard, std::exchange(there, {}));
      }
    }
    if (++count % turn == 0) co_await seastar::coroutine::maybe_yield();
  }
  for (auto& [shard, posts] : elsewhere) {
    if (!posts.empty()) co_await host_.hand_over(shard, std::move(posts));
  }
  if (way_ != way::bulk) co_return;
  raft_taken t;
  t.frames = ++packs_;
  answer(frame_of(t));
}

void incoming::begin_call(call c, received_frame frame) {
  (void)run_call(std::move(c), std::move(frame));
}

seastar::future<> incoming::run_call(call c, received_frame frame) {
  const auto self = shared_from_this();
  call_answer a;
  a.request_id = c.request_id;
  frame.memory.return_all();  // from here on the bounds of calls hold
  auto served = co_await seastar::coroutine::as_future(
      host_.serve(from_, std::move(c), std::move(frame.tail)));
  served_call result;
  if (served.failed()) {
    served.ignore_ready_future();
  } else {
    result = served.get();
  }
  a.status = static_cast<std::int8_t>(result.status);
  answer(frame_of(a, result.payload));
}

void incoming::answer(fragments frame) {
  if (ended_) return;
  answer_bytes_ += frame.size();
  answers_.push_back(std::move(frame));
  if (answer_bytes_ > host_.settings().answer_bytes_max) {
    peer_log.log(seastar::log_level::warn, violation_lines,
                 "peer at {} (broker {}): connection closed, it reads no answers", address_, from_);
    drop();
  }
  out_.wake();
}

fragments incoming::more() {
  fragments out;
  while (!answers_.empty() && out.size() < host_.settings().write_bytes_max) {
    // An empty one stands for the end.
    if (answers_.front().empty()) {
      if (out.empty()) out_.end();
      break;
    }
    answer_bytes_ -= answers_.front().size();
    out.append(answers_.front());
    answers_.pop_front();
  }
  if (meters_) meters_->sent_bytes += out.size();
  return out;
}

}  // namespace weir::peer
