#include "bench/load/produce.h"

#include <signal.h>

#include <algorithm>
#include <deque>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>

#include "bench/load/consume.h"
#include "bench/load/usage.h"
#include "bench/load/writer.h"

namespace weir::load {
namespace {

using std::chrono::milliseconds;

nlohmann::json in_microseconds(const histogram& h) {
  const auto us = [](std::uint64_t ns) { return static_cast<double>(ns) / 1e3; };
  return {{"p50", us(h.at(0.5))},       {"p99", us(h.at(0.99))}, {"p99.9", us(h.at(0.999))},
          {"p99.99", us(h.at(0.9999))}, {"max", us(h.max())},    {"count", h.count()}};
}

// Which partitions that broker leads now.
std::vector<bool> led_by(const settings& s, int node) {
  const on_acknowledged nothing = [](const auto&) {};
  const auto handle = make_producer(s, nothing);
  const auto topic = await_topic(handle.get(), s.topic, s.partitions);
  return partitions_led(handle.get(), topic.get(), s.partitions, node);
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
  const auto used = usage_now(s.broker_pids);
  if (shared.gaps) {
    const auto led = led_by(s, s.kill_node);
    std::this_thread::sleep_until(from + duration_of(s.kill_after));
    if (kill(s.kill_pid, SIGKILL) != 0) throw std::runtime_error("no such process to kill");
    shared.gaps->begin();
    std::this_thread::sleep_until(to);
    auto result = difference(used, usage_now(s.broker_pids));
    result["gaps_ms"] = shared.gaps->end(led, since_epoch(clock::now()));
    return result;
  }
  if (beside == nullptr) {
    std::this_thread::sleep_until(to);
    return difference(used, usage_now(s.broker_pids));
  }
  beside->start();
  while (clock::now() < to && beside->bytes() < s.read_bytes)
    std::this_thread::sleep_for(milliseconds(1));
  const auto caught_up = clock::now();
  std::this_thread::sleep_until(to);
  auto result = difference(used, usage_now(s.broker_pids));
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
  if (s.kill_pid > 0) {
    if (s.rate == 0 || s.kill_after >= s.seconds)
      throw std::runtime_error("a broker dies at a fixed rate, within the measured time");
    shared.gaps.emplace(s.partitions);
  }
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
    const auto used = usage_now(s.broker_pids);
    shared.begin = since_epoch(clock::now());
    for (auto& w : writers) w.join();
    result = difference(used, usage_now(s.broker_pids));
  } else {
    result = measured(shared, beside ? &*beside : nullptr);
    await_end(shared, writers);
  }
  if (shared.failed || (beside && beside->failed())) throw std::runtime_error("a client failed");
  result.update(summary(s, writers));
  // Where a broker dies, what its clients give up is a figure.
  if (result["failures"] > 0 && !shared.gaps)
    throw std::runtime_error("records were not acknowledged");
  if (result["records"] == 0) throw std::runtime_error("no record was acknowledged");
  return result;
}

}  // namespace weir::load
