#include "engine/peer/outgoing_link.h"

#include <seastar/core/coroutine.hh>
#include <seastar/coroutine/as_future.hh>

#include <random>

#include "engine/peer/dial.h"
#include "engine/peer/peer_log.h"

namespace weir::peer {
namespace {

// What an answer may be: payloads of calls come back on either way.
constexpr frame_limits answer_limits{};
constexpr auto settled_after = std::chrono::seconds(1);

thread_local std::minstd_rand jitter{std::random_device{}()};

const char* name(way w) {
  return w == way::prompt ? "prompt" : "bulk";
}

struct refused_connection : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace

outgoing_link::outgoing_link(peer_context& to, way w, unsigned shard)
    : to_(to),
      way_(w),
      shard_(shard),
      packer_(to.settings.pack),
      snapshots_(to.settings, [this](fragments f) { enqueue({.frame = std::move(f)}); }) {}

void outgoing_link::start() {
  fibers_.spawn("link", [this] { return run(); });
}

seastar::future<> outgoing_link::stop() {
  fibers_.abort().request_abort();
  up_ = fresh_ = false;
  drop();
  forget_all();
  co_await fibers_.stop();
}

void outgoing_link::drop() {
  if (dialing_) dialing_->shutdown();
  if (!open_) return;
  open_->socket.shutdown_input();
  open_->socket.shutdown_output();
}

void outgoing_link::drop_if_stuck(seastar::lowres_clock::time_point since) {
  if (!open_ || (!open_->in.stuck(since) && !open_->out.stuck(since))) return;
  peer_log.log(seastar::log_level::warn, to_.lost_lines,
               "broker {}: {} connection to shard {} closed: it does not move", to_.id, name(way_),
               shard_);
  drop();
}

milliseconds outgoing_link::pause() const {
  // The first attempt after a loss comes at once, but not of all links in the same instant.
  if (failures_ == 0) return milliseconds(jitter() % 10);
  const auto& s = to_.settings;
  const auto full = std::min(s.retry_first * (1U << std::min(failures_ - 1, 10U)), s.retry_max);
  return full / 2 + milliseconds(jitter() % static_cast<unsigned>(full.count() / 2 + 1));
}

seastar::future<> outgoing_link::run() {
  while (!fibers_.stopping()) {
    co_await attempt();
    const bool settled = up_since_ && seastar::lowres_clock::now() - *up_since_ >= settled_after;
    if (up_since_) ++to_.meters.losses;
    const bool beats = way_ == way::prompt && shard_ == 0 && seastar::this_shard_id() == 0;
    if (up_since_ && beats && !fibers_.stopping()) to_.lost();
    failures_ = settled ? 0 : failures_ + 1;
    fresh_ = settled;
    up_since_.reset();
    forget_all();
    if (co_await fibers_.stopped_within(pause())) break;
  }
}

seastar::future<> outgoing_link::attempt() {
  std::exception_ptr why;
  try {
    co_await serve(co_await connect());
  } catch (...) {
    why = std::current_exception();
  }
  if (!fibers_.stopping()) tell_loss(why);
}

void outgoing_link::tell_loss(const std::exception_ptr& why) {
  try {
    if (why) std::rethrow_exception(why);
    peer_log.log(seastar::log_level::info, to_.lost_lines,
                 "broker {}: {} connection to shard {} ended by the peer", to_.id, name(way_),
                 shard_);
  } catch (const refused_connection& e) {
    ++to_.meters.refusals;
    peer_log.log(seastar::log_level::warn, to_.refused_lines, "broker {} at {}: no connection: {}",
                 to_.id, format_host_port(to_.address), e.what());
  } catch (const peer_violation& e) {
    peer_log.log(seastar::log_level::warn, to_.refused_lines,
                 "broker {} at {}: connection closed, it sent {}", to_.id,
                 format_host_port(to_.address), e.what());
  } catch (const std::system_error& e) {
    if (e.code() == std::errc::connection_refused) to_.lost();
    peer_log.log(seastar::log_level::info, to_.lost_lines,
                 "broker {} at {}: no {} connection to shard {}: {}", to_.id,
                 format_host_port(to_.address), name(way_), shard_, e.what());
  } catch (const std::exception& e) {
    peer_log.log(seastar::log_level::info, to_.lost_lines,
                 "broker {} at {}: no {} connection to shard {}: {}", to_.id,
                 format_host_port(to_.address), name(way_), shard_, e.what());
  }
}

seastar::future<seastar::connected_socket> outgoing_link::connect() {
  seastar::timer<> patience([this] { drop(); });
  patience.arm(to_.settings.connect_patience);
  const dial d{.make_socket = to_.settings.make_socket,
               .address = to_.address,
               .patience = to_.settings.connect_patience,
               .shard = shard_,
               .shards = to_.shards,
               .dialing = &dialing_};
  auto socket = co_await connect_to(d);
  if (fibers_.stopping()) throw std::runtime_error("stopping");
  prepare(socket, to_.settings.dead_after);
  co_return socket;
}

seastar::future<> outgoing_link::serve(seastar::connected_socket socket) {
  // Reading and writing end before it does.
  auto input = socket.input({.buffer_size = 4096, .max_buffer_size = 128 * 1024});
  auto output = socket.output();
  open_ = std::make_unique<connection>(std::move(socket),
                                       frame_reader(std::move(input), to_.receive_memory),
                                       frame_writer(std::move(output), [this] { return more(); }));
  auto writing = write();
  auto read = co_await seastar::coroutine::as_future(read_answers());
  up_ = false;
  open_->out.end();
  drop();
  co_await std::move(writing);
  co_await open_->out.close();
  co_await open_->in.close();
  to_.meters.received_bytes += open_->in.bytes_read();
  open_.reset();
  read.get();
}

seastar::future<> outgoing_link::write() {
  auto written = co_await seastar::coroutine::as_future(open_->out.run());
  if (written.failed()) {
    peer_log.debug("broker {}: writing ended: {}", to_.id, written.get_exception());
    drop();
  }
}

seastar::future<> outgoing_link::greet(hello h) {
  seastar::timer<> patience([this] { drop(); });
  patience.arm(to_.settings.hello_patience);
  hello_ = frame_of(h);
  open_->out.wake();
  const auto answer = co_await open_->in.next(handshake_limits);
  if (!answer) throw std::runtime_error("closed before it answered hello");
  if (answer->header.kind != message_kind::welcome) throw peer_violation("no welcome");
  const auto w = decode_as<welcome>(answer->head);
  if (!w) throw peer_violation(w.error());
  const auto found = judge(*w, h);
  if (found != refusal::none) {
    throw refused_connection(fmt::format(
        "{} (broker {} with id {} of cluster {}, wanted was broker {} with id {} of cluster {})",
        peer::name(found), w->node_id, w->broker_id, w->cluster_id, h.to_node, h.to_broker,
        h.cluster_id));
  }
  if (w->refusal != static_cast<std::int8_t>(refusal::none)) {
    throw refused_connection(
        fmt::format("it refuses: {}", peer::name(static_cast<refusal>(w->refusal))));
  }
  up_ = true;
  up_since_ = seastar::lowres_clock::now();
  ++to_.meters.connects;
  to_.welcomed(*w);
}

seastar::future<> outgoing_link::read_answers() {
  co_await greet(greeting(to_.self, to_.id, to_.broker_id, way_, shard_));
  open_->out.wake();
  while (auto frame = co_await open_->in.next(answer_limits)) taken(*frame);
}

void outgoing_link::taken(const received_frame& frame) {
  const auto decoded = [&]<typename Message>(std::type_identity<Message>) {
    auto m = decode_as<Message>(frame.head);
    if (!m) throw peer_violation(m.error());
    return *std::move(m);
  };
  switch (frame.header.kind) {
    case message_kind::call_answer: {
      const auto a = decoded(std::type_identity<call_answer>{});
      const auto status = static_cast<call_status>(a.status);
      calls_.answered(a.request_id, status == call_status::done
                                        ? call_result(frame.tail)
                                        : std::unexpected(error_of(status)));
      return;
    }
    case message_kind::raft_taken:
      return appends_taken(decoded(std::type_identity<raft_taken>{}).frames);
    case message_kind::snapshot_progress:
      return snapshots_.progressed(decoded(std::type_identity<snapshot_progress>{}));
    default:
      throw peer_violation("what is no answer");
  }
}

seastar::future<call_result> outgoing_link::request(call head, fragments payload,
                                                    seastar::lowres_clock::time_point deadline) {
  if (!accepts()) co_return std::unexpected(call_error::unreachable);
  if (to_.calls_in_flight >= to_.settings.calls_in_flight_max ||
      queued() + payload.size() > queue_bytes_max()) {
    co_return std::unexpected(call_error::overloaded);
  }
  const auto left =
      std::chrono::duration_cast<milliseconds>(deadline - seastar::lowres_clock::now()).count();
  if (left <= 0) co_return std::unexpected(call_error::timed_out);
  ++to_.calls_in_flight;
  const auto began = std::chrono::steady_clock::now();
  auto b = calls_.begin(deadline);
  head.request_id = b.id;
  head.deadline_ms = static_cast<std::int32_t>(std::min<std::int64_t>(left, INT32_MAX));
  enqueue({.frame = frame_of(head, payload), .call_id = b.id});
  // The link may be gone by then, the peer's context is not: remote_peer waits for its calls.
  auto& to = to_;
  auto result = co_await std::move(b.answer);
  --to.calls_in_flight;
  to.meters.calls.add(std::chrono::steady_clock::now() - began);
  co_return result;
}

seastar::future<bool> outgoing_link::ship(raft_post post, fragments state) {
  if (!accepts()) co_return false;
  co_return co_await snapshots_.ship(std::move(post), std::move(state));
}

}  // namespace weir::peer
