#include "edge/kafka/connection.h"

#include <seastar/core/coroutine.hh>
#include <seastar/core/scattered_message.hh>
#include <seastar/coroutine/as_future.hh>
#include <seastar/coroutine/switch_to.hh>
#include <seastar/util/log.hh>

#include "core/codec/reader.h"
#include "engine/runtime/buffers.h"
#include "engine/runtime/scheduling.h"

namespace weir::edge {
namespace {

seastar::scheduling_group group_of(kafka::api_key key) {
  if (key == kafka::api_key::produce) return groups().produce;
  if (key == kafka::api_key::fetch || key == kafka::api_key::share_fetch ||
      key == kafka::api_key::list_offsets)
    return groups().fetch;
  return seastar::current_scheduling_group();
}

seastar::logger connection_log("kafka");

using kafka::frame_prefix_bytes;

seastar::scattered_message<char> message_of(fragments parts) {
  seastar::scattered_message<char> m;
  for (const auto& piece : parts.pieces()) m.append_static(piece.view());
  m.on_delete([kept = std::move(parts)] {});
  return m;
}

}  // namespace

connection::connection(services& with, seastar::connected_socket socket, std::string peer,
                       std::uint16_t port)
    : with_(with),
      socket_(std::move(socket)),
      in_(socket_.input({.buffer_size = 16384, .max_buffer_size = 128 * 1024})),
      out_(socket_.output()),
      peer_(std::move(peer)),
      client_(std::make_shared<client_facts>(client_facts{.address = peer_, .port = port})),
      moved_(seastar::lowres_clock::now()) {
  client_->connection = with_.next_connection++ * seastar::smp::count + seastar::this_shard_id();
  socket_.set_nodelay(true);
}

seastar::future<> connection::serve() {
  auto self = shared_from_this();
  auto writing = write_answers();
  auto read = co_await seastar::coroutine::as_future(read_requests());
  reading_ = false;
  changed_.broadcast();
  if (read.failed()) {
    // A reset connection is nothing to tell; a broken protocol is.
    try {
      read.get();
    } catch (const protocol_violation& e) {
      with_.meters.violations += 1;
      connection_log.info("connection of {} closed: {}", peer_, e.what());
    } catch (const std::exception& e) {
      connection_log.debug("connection of {} ended: {}", peer_, e.what());
    }
  }
  auto written = co_await seastar::coroutine::as_future(std::move(writing));
  written.ignore_ready_future();
  socket_.shutdown_input();
  socket_.shutdown_output();
  co_await handlers_.close();
  for (const auto& member : client_->share_members)
    co_await with_.shares.connection_closed(member, client_->connection);
  auto closed = co_await seastar::coroutine::as_future(out_.close());
  closed.ignore_ready_future();
  closed = co_await seastar::coroutine::as_future(in_.close());
  closed.ignore_ready_future();
}

void connection::shut() {
  reading_ = false;
  socket_.shutdown_input();
  changed_.broadcast();
}

void connection::close_if_idle(seastar::lowres_clock::time_point idle,
                               seastar::lowres_clock::time_point stalled) {
  const bool answers_wait = !exchanges_.empty() && exchanges_.front()->done;
  if (moved_ >= (answers_wait ? stalled : idle)) return;
  connection_log.info("connection of {} closed: {}", peer_,
                      answers_wait ? "it takes no answers" : "idle for too long");
  drop();
}

void connection::drop() {
  reading_ = false;
  socket_.shutdown_input();
  socket_.shutdown_output();
  changed_.broadcast();
}

// Whole socket buffers become ours and are cut here: cutting inside Seastar's stream would leave
// shares of one buffer with a count that must not be touched from two shards.
seastar::future<std::optional<fragments>> connection::take(std::size_t size) {
  fragments taken;
  while (taken.size() < size) {
    if (buffered_.empty()) {
      buffered_ = adopt(co_await in_.read());
      if (buffered_.empty()) co_return std::nullopt;
      moved_ = seastar::lowres_clock::now();
    }
    taken.append(buffered_.slice(0, size - taken.size()));
    buffered_ = buffered_.slice(taken.pieces().back().size());
  }
  co_return taken;
}

seastar::future<std::optional<fragments>> connection::read_frame(
    seastar::semaphore_units<>& memory) {
  const auto head = co_await take(frame_prefix_bytes);
  if (!head) co_return std::nullopt;
  const auto size = kafka::frame_size(head->contiguous(0, frame_prefix_bytes).view(),
                                      with_.limits.request_bytes_max);
  if (!size)
    throw protocol_violation(
        fmt::format("a request larger than {} bytes", with_.limits.request_bytes_max));
  // Waiting here is the back-pressure: the kernel's buffers fill and the client slows down. What
  // decoding takes comes on top of the frame itself.
  memory = co_await seastar::get_units(with_.request_memory, *size + with_.limits.request_overhead);
  co_return co_await take(*size);
}

seastar::future<> connection::read_requests() {
  while (reading_) {
    co_await changed_.wait(
        [this] { return exchanges_.size() < with_.limits.in_flight_max || !reading_; });
    seastar::semaphore_units<> memory;
    auto frame = co_await read_frame(memory);
    if (!frame || !reading_) break;
    moved_ = seastar::lowres_clock::now();
    with_.meters.bytes_in += frame->size() + frame_prefix_bytes;
    co_await start(std::move(*frame), std::move(memory));
  }
}

seastar::future<> connection::start(fragments frame, seastar::semaphore_units<> memory) {
  kafka::reader from(frame);
  auto header = kafka::decode_request_header(from);
  if (!header) {
    throw protocol_violation(
        fmt::format("unreadable request header: {}", to_string(header.error())));
  }
  auto e = std::make_shared<exchange>();
  e->key = header->key;
  e->memory = std::move(memory);
  e->started = std::chrono::steady_clock::now();
  const auto* api = find_handler(e->key);
  const auto version = header->version;
  const bool served = api && version >= api->version_min && version <= api->version_max;
  // ApiVersions answers any version: that is how a client finds out what is served (KIP-511).
  if (!served && e->key != static_cast<std::int16_t>(kafka::api_key::api_versions)) {
    throw protocol_violation(fmt::format("API {} version {} is not served", e->key, version));
  }
  exchanges_.push_back(e);
  request r;
  r.body = frame.slice(frame.size() - from.left(), from.left());
  r.header = *std::move(header);
  r.client = client_;
  r.next_may_start = [e, this, self = shared_from_this()] {
    e->ordered = true;
    changed_.broadcast();
  };
  r.waits_for_others = [e, this, self = shared_from_this()] {
    e->memory.return_all();
    watch_for_end();
  };
  r.gone = &gone_;
  r.hold_until_written = [e](seastar::semaphore_units<> units) {
    e->answer_memory = std::move(units);
  };
  (void)run(e, api, std::move(r));
  co_await changed_.wait([&] { return e->ordered || e->done; });
}

// Only where somebody waits for long: it costs a poll, and nothing is read meanwhile that would
// tell.
void connection::watch_for_end() {
  if (!std::exchange(end_watched_, true)) (void)client_leaves();
}

seastar::future<> connection::client_leaves() {
  const auto self = shared_from_this();
  auto left = co_await seastar::coroutine::as_future(socket_.wait_input_shutdown());
  left.ignore_ready_future();
  gone_.request_abort();
}

seastar::future<> connection::run(exchange_ptr e, const api_handler* api, request r) {
  auto self = shared_from_this();
  auto held = handlers_.hold();
  with_.meters.in_flight += 1;
  co_await seastar::coroutine::switch_to(group_of(api->key));
  auto result = co_await seastar::coroutine::as_future(api->call(with_, std::move(r)));
  with_.meters.in_flight -= 1;
  if (result.failed()) {
    e->failed = true;
    try {
      result.get();
    } catch (const protocol_violation& violation) {
      with_.meters.violations += 1;
      connection_log.info("connection of {} closed: {}", peer_, violation.what());
    } catch (const std::exception& failure) {
      if (reading_)
        connection_log.error("{} request of {} failed: {}", kafka::find_api(e->key)->name, peer_,
                             failure.what());
    }
  } else {
    e->body = result.get();
  }
  e->done = true;
  with_.meters.answered(e->key, std::chrono::steady_clock::now() - e->started);
  changed_.broadcast();
}

seastar::future<> connection::write_answers() {
  try {
    while (true) {
      co_await changed_.wait(
          [this] { return exchanges_.empty() ? !reading_ : exchanges_.front()->done; });
      if (exchanges_.empty()) break;
      auto e = exchanges_.front();
      if (e->failed) break;
      if (e->body) co_await write(*e);
      exchanges_.pop_front();
      changed_.broadcast();
      if (exchanges_.empty() || !exchanges_.front()->done) co_await out_.flush();
    }
  } catch (const std::exception& failure) {
    connection_log.debug("answers to {} ended: {}", peer_, failure.what());
  }
  reading_ = false;
  changed_.broadcast();
  socket_.shutdown_input();
}

seastar::future<> connection::write(exchange& e) {
  auto frame = std::move(*e.body);
  with_.meters.bytes_out += frame.size();
  co_await out_.write(message_of(std::move(frame)));
  moved_ = seastar::lowres_clock::now();
}

}  // namespace weir::edge
