#include "bench/load/writer.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <format>
#include <stdexcept>

namespace weir::load {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

// Shorter sleeps than this cost more CPU than they give precision.
constexpr auto tick = std::chrono::microseconds(500);
constexpr int flush_ms = 60'000;
constexpr std::uint32_t keys = 100'000;

}  // namespace

writer::writer(plan& shared, int number)
    : plan_(shared),
      number_(number),
      random_(static_cast<std::uint32_t>(number)),
      on_record_([this](const auto& message) { acknowledged(message); }),
      thread_([this] { run(); }) {}

void writer::acknowledged(const rd_kafka_message_t& message) {
  const auto now = since_epoch(clock::now());
  const auto intended =
      static_cast<std::int64_t>(reinterpret_cast<std::intptr_t>(message._private));
  if (message.err == RD_KAFKA_RESP_ERR__PURGE_QUEUE ||
      message.err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT)
    return;  // given up, as asked
  const std::scoped_lock lock(counting_);
  if (message.err != 0) {
    if (failures_++ == 0) std::fprintf(stderr, "weir-load: %s\n", rd_kafka_err2str(message.err));
    return;
  }
  if (plan_.gaps) plan_.gaps->acknowledged(message.partition, now);
  // At a fixed rate a record belongs to the time when it was due, else to that of its answer.
  const auto when = plan_.config.rate > 0 ? intended : now;
  if (when < plan_.measured_from || when >= plan_.measured_to) return;
  ++records_;
  latency_.add(static_cast<std::uint64_t>(std::max<std::int64_t>(now - intended, 0)));
}

// This writer's share of the partitions in turn; of few partitions some have several writers.
std::int32_t writer::own_partition(std::uint64_t n) const {
  const auto all = static_cast<std::uint64_t>(plan_.config.partitions);
  const auto clients = static_cast<std::uint64_t>(plan_.config.clients);
  return static_cast<std::int32_t>((static_cast<std::uint64_t>(number_) + n * clients) % all);
}

void writer::touch() {
  for (int p = number_; p < plan_.config.partitions; p += plan_.config.clients)
    if (!send(since_epoch(clock::now()), p)) throw std::runtime_error("a record was not taken");
  if (rd_kafka_flush(handle_.get(), flush_ms) != 0)
    throw std::runtime_error("not all partitions took a record in time");
}

bool writer::send(std::int64_t intended, std::int32_t partition) {
  const auto size = plan_.config.record_bytes;
  const auto at = random_() % (plan_.noise.size() - size + 1);
  std::array<char, 16> key;
  std::size_t key_size = 0;
  if (plan_.config.keyed) {
    const auto end = std::format_to_n(key.data(), key.size(), "key-{:08}", random_() % keys);
    key_size = static_cast<std::size_t>(end.size);
  }
  // The value stays ours, so nothing is copied. With a full queue the call waits for room.
  return rd_kafka_produce(topic_.get(), partition, RD_KAFKA_MSG_F_BLOCK, plan_.noise.data() + at,
                          size, key_size > 0 ? key.data() : nullptr, key_size,
                          reinterpret_cast<void*>(static_cast<std::intptr_t>(intended))) == 0;
}

void writer::run() try {
  handle_ = make_producer(plan_.config, on_record_);
  topic_ = await_topic(handle_.get(), plan_.config.topic, plan_.config.partitions);
  touch();
  ++plan_.ready;
  while (plan_.begin == 0) std::this_thread::sleep_for(milliseconds(1));
  if (plan_.config.rate > 0) {
    at_rate();
  } else {
    saturate();
  }
  // What was not answered within the measured time doesn't count: it need not be awaited.
  if (plan_.config.rate == 0 && plan_.config.bytes == 0)
    rd_kafka_purge(handle_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  if (rd_kafka_flush(handle_.get(), flush_ms) != 0)
    throw std::runtime_error("records were not acknowledged in time");
  topic_.reset();
  handle_.reset();
} catch (const std::exception& e) {
  std::fprintf(stderr, "weir-load: writer %d: %s\n", number_, e.what());
  plan_.failed = true;
  ++plan_.ready;
}

void writer::saturate() {
  auto left = UINT64_MAX;
  if (plan_.config.bytes > 0) {
    const auto all = plan_.config.bytes / plan_.config.record_bytes + 1;
    left = all / static_cast<std::uint64_t>(plan_.config.clients) + 1;
  }
  for (; left > 0 && !plan_.stop; --left)
    if (!send(since_epoch(clock::now()))) throw std::runtime_error("a record was not taken");
}

void writer::at_rate() {
  const double interval = plan_.config.clients / plan_.config.rate * 1e9;
  const double phase = interval * number_ / plan_.config.clients;
  const std::int64_t begin = plan_.begin;
  for (std::uint64_t n = 0; !plan_.stop; ++n) {
    const auto due = begin + static_cast<std::int64_t>(phase + interval * static_cast<double>(n));
    if (due >= plan_.measured_to) return;
    auto now = since_epoch(clock::now());
    if (now < due) {
      std::this_thread::sleep_for(std::max<nanoseconds>(nanoseconds(due - now), tick));
      now = since_epoch(clock::now());
    }
    if (due >= plan_.measured_from)
      late_.add(static_cast<std::uint64_t>(std::max(now - due, INT64_C(0))));
    if (!send(due, plan_.gaps ? own_partition(n) : RD_KAFKA_PARTITION_UA))
      throw std::runtime_error("a record was not taken");
  }
  behind_ = true;  // told to stop with records still due
}

}  // namespace weir::load
