#include "bench/load/produce.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <deque>
#include <format>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <stdexcept>
#include <thread>

#include "bench/load/consume.h"
#include "bench/load/histogram.h"
#include "bench/load/kafka.h"
#include "bench/load/usage.h"

namespace weir::load {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

// Shorter sleeps than this cost more CPU than they give precision.
constexpr auto tick = std::chrono::microseconds(500);
constexpr int flush_ms = 60'000;
constexpr std::uint32_t keys = 100'000;

std::int64_t since_epoch(clock::time_point t) {
  return nanoseconds(t.time_since_epoch()).count();
}

// What writers share: when they begin, what is measured, when they end.
struct plan {
  const settings& config;
  std::vector<char> noise;  // record values are windows into it
  std::atomic<int> ready = 0;
  std::atomic<std::int64_t> begin = 0;  // nanoseconds on `clock`; 0 while writers connect
  std::atomic<std::int64_t> measured_from = INT64_MAX;
  std::atomic<std::int64_t> measured_to = INT64_MAX;
  std::atomic<bool> stop = false;
  std::atomic<bool> failed = false;
};

class writer {
 public:
  writer(plan& shared, int number)
      : plan_(shared),
        number_(number),
        random_(static_cast<std::uint32_t>(number)),
        on_record_([this](const auto& message) { acknowledged(message); }),
        thread_([this] { run(); }) {}

  void join() { thread_.join(); }
  std::uint64_t records() const { return records_; }
  std::uint64_t failures() const { return failures_; }
  bool behind() const { return behind_; }
  const histogram& latency() const { return latency_; }
  const histogram& late() const { return late_; }

 private:
  void acknowledged(const rd_kafka_message_t& message) {
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
    // At a fixed rate a record belongs to the time when it was due, else to that of its answer.
    const auto when = plan_.config.rate > 0 ? intended : now;
    if (when < plan_.measured_from || when >= plan_.measured_to) return;
    ++records_;
    latency_.add(static_cast<std::uint64_t>(std::max<std::int64_t>(now - intended, 0)));
  }

  // One record into each of this writer's share of the partitions: a broker may name the leader of
  // a new partition before that can take anything, and that time belongs to nobody's measure.
  void touch() {
    for (int p = number_; p < plan_.config.partitions; p += plan_.config.clients)
      if (!send(since_epoch(clock::now()), p)) throw std::runtime_error("a record was not taken");
    if (rd_kafka_flush(handle_.get(), flush_ms) != 0)
      throw std::runtime_error("not all partitions took a record in time");
  }

  bool send(std::int64_t intended, std::int32_t partition = RD_KAFKA_PARTITION_UA) {
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

  void run() try {
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

  void saturate() {
    auto left = UINT64_MAX;
    if (plan_.config.bytes > 0) {
      const auto all = plan_.config.bytes / plan_.config.record_bytes + 1;
      left = all / static_cast<std::uint64_t>(plan_.config.clients) + 1;
    }
    for (; left > 0 && !plan_.stop; --left)
      if (!send(since_epoch(clock::now()))) throw std::runtime_error("a record was not taken");
  }

  // The n-th record is due at a time that no answer can move. Whatever makes it late, be it our own
  // thread or a full queue, counts in its latency.
  void at_rate() {
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
      if (!send(due)) throw std::runtime_error("a record was not taken");
    }
    behind_ = true;  // told to stop with records still due
  }

  plan& plan_;
  const int number_;
  std::minstd_rand random_;
  const on_acknowledged on_record_;
  std::mutex counting_;  // answers may come on more than one of librdkafka's threads
  std::uint64_t records_ = 0;
  std::uint64_t failures_ = 0;
  bool behind_ = false;
  histogram latency_;
  histogram late_;  // how long after its due time a record reached librdkafka
  handle_ptr handle_;
  topic_ptr topic_;
  std::thread thread_;  // last: it uses all of the above
};

nlohmann::json in_microseconds(const histogram& h) {
  const auto us = [](std::uint64_t ns) { return static_cast<double>(ns) / 1e3; };
  return {{"p50", us(h.at(0.5))},       {"p99", us(h.at(0.99))}, {"p99.9", us(h.at(0.999))},
          {"p99.99", us(h.at(0.9999))}, {"max", us(h.max())},    {"count", h.count()}};
}

// Waits through the measured time, with CPU times read at both of its ends.
nlohmann::json measured(plan& shared, readers* beside) {
  const auto& s = shared.config;
  const auto from = clock::now() + milliseconds(5) + duration_of(s.warmup);
  const auto to = from + duration_of(s.seconds);
  shared.measured_from = since_epoch(from);
  shared.measured_to = since_epoch(to);
  shared.begin = since_epoch(from - duration_of(s.warmup));
  std::this_thread::sleep_until(from);
  const auto used = usage_now(s.broker_pid);
  if (beside == nullptr) {
    std::this_thread::sleep_until(to);
    return difference(used, usage_now(s.broker_pid));
  }
  beside->start();
  while (clock::now() < to && beside->bytes() < s.read_bytes)
    std::this_thread::sleep_for(milliseconds(1));
  const auto caught_up = clock::now();
  std::this_thread::sleep_until(to);
  auto result = difference(used, usage_now(s.broker_pid));
  result["read_bytes"] = beside->bytes();
  result["read_records"] = beside->records();
  result["read_seconds"] = seconds_between(used.at, caught_up);
  beside->stop();
  return result;
}

// Writers that fell behind a fixed rate get as long again to catch up.
void await_end(plan& shared, std::deque<writer>& writers) {
  std::jthread limit([&shared](const std::stop_token& ended) {
    const auto end = clock::now() + duration_of(shared.config.seconds);
    while (clock::now() < end && !ended.stop_requested())
      std::this_thread::sleep_for(milliseconds(10));
    shared.stop = true;
  });
  if (shared.config.rate == 0) shared.stop = true;
  for (auto& w : writers) w.join();
}

nlohmann::json summary(const settings& s, const std::deque<writer>& writers) {
  histogram latency;
  histogram late;
  std::uint64_t records = 0;
  std::uint64_t failures = 0;
  bool behind = false;
  for (const auto& w : writers) {
    latency.merge(w.latency());
    late.merge(w.late());
    records += w.records();
    failures += w.failures();
    behind |= w.behind();
  }
  return {{"records", records},
          {"bytes", records * s.record_bytes},
          {"failures", failures},
          {"behind", behind},
          {"late_us", in_microseconds(late)},
          {"latency_us", in_microseconds(latency)}};
}

}  // namespace

nlohmann::json produce(const settings& s) {
  plan shared{.config = s};
  std::independent_bits_engine<std::mt19937_64, 8, unsigned> random;
  shared.noise.resize(s.record_bytes + (4 << 20));
  std::ranges::generate(shared.noise, [&] { return static_cast<char>(random()); });
  std::optional<readers> beside;
  if (s.readers > 0) beside.emplace(s, s.read_topic, s.read_partitions, s.readers);
  std::deque<writer> writers;
  for (int i = 0; i < s.clients; ++i) writers.emplace_back(shared, i);
  while (shared.ready < s.clients) std::this_thread::sleep_for(milliseconds(1));

  nlohmann::json result;
  if (s.bytes > 0 || shared.failed) {
    shared.stop = shared.failed.load();
    shared.measured_from = 0;
    const auto used = usage_now(s.broker_pid);
    shared.begin = since_epoch(clock::now());
    for (auto& w : writers) w.join();
    result = difference(used, usage_now(s.broker_pid));
  } else {
    result = measured(shared, beside ? &*beside : nullptr);
    await_end(shared, writers);
  }
  if (shared.failed || (beside && beside->failed())) throw std::runtime_error("a client failed");
  result.update(summary(s, writers));
  if (result["failures"] > 0) throw std::runtime_error("records were not acknowledged");
  if (result["records"] == 0) throw std::runtime_error("no record was acknowledged");
  return result;
}

}  // namespace weir::load
