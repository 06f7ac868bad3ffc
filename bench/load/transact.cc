#include "bench/load/transact.h"

#include <atomic>
#include <cstdio>
#include <deque>
#include <format>
#include <nlohmann/json.hpp>
#include <random>
#include <stdexcept>
#include <thread>

#include "bench/load/histogram.h"
#include "bench/load/kafka.h"
#include "bench/load/usage.h"

namespace weir::load {
namespace {

constexpr int patience_ms = 60'000;

struct shared_by_clients {
  const settings& config;
  std::vector<char> value;
  std::atomic<int> ready = 0;
  std::atomic<bool> measuring = false;
  std::atomic<bool> stop = false;
  std::atomic<bool> failed = false;
};

void expect(rd_kafka_error_t* error, const char* what) {
  if (error == nullptr) return;
  const auto text = std::format("{}: {}", what, rd_kafka_error_string(error));
  rd_kafka_error_destroy(error);
  throw std::runtime_error(text);
}

class transactor {
 public:
  transactor(shared_by_clients& shared, int number)
      : shared_(shared), number_(number), thread_([this] { run(); }) {}

  void join() { thread_.join(); }
  const histogram& times() const { return times_; }

 private:
  void run() try {
    auto config = shared_.config;
    config.properties.emplace_back("transactional.id", std::format("{}-{}", config.topic, number_));
    config.properties.emplace_back("max.in.flight.requests.per.connection", "5");
    handle_ = make_producer(config, nothing_);
    topic_ = await_topic(handle_.get(), config.topic, config.partitions);
    expect(rd_kafka_init_transactions(handle_.get(), patience_ms), "init_transactions");
    partition_ = number_;
    one();  // partitions and coordinators take their first one in their own time
    ++shared_.ready;
    while (!shared_.stop) {
      const auto from = clock::now();
      const bool counts = shared_.measuring;
      one();
      if (counts && shared_.measuring)
        times_.add(static_cast<std::uint64_t>(
            std::chrono::duration_cast<std::chrono::nanoseconds>(clock::now() - from).count()));
    }
  } catch (const std::exception& e) {
    std::fprintf(stderr, "weir-load: client %d: %s\n", number_, e.what());
    shared_.failed = true;
    ++shared_.ready;
  }

  void one() {
    const auto& s = shared_.config;
    expect(rd_kafka_begin_transaction(handle_.get()), "begin_transaction");
    for (int i = 0; i < s.records; ++i)
      if (rd_kafka_produce(topic_.get(), partition_++ % s.partitions, 0, shared_.value.data(),
                           shared_.value.size(), nullptr, 0, nullptr) != 0)
        throw std::runtime_error("a record was not taken");
    expect(rd_kafka_commit_transaction(handle_.get(), patience_ms), "commit_transaction");
  }

  shared_by_clients& shared_;
  const int number_;
  const on_acknowledged nothing_ = [](const auto&) {};
  std::int32_t partition_ = 0;
  histogram times_;
  handle_ptr handle_;
  topic_ptr topic_;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace

nlohmann::json transact(const settings& s) {
  shared_by_clients shared{.config = s};
  std::independent_bits_engine<std::mt19937_64, 8, unsigned> random;
  for (std::size_t i = 0; i < s.record_bytes; ++i)
    shared.value.push_back(static_cast<char>(random()));
  std::deque<transactor> clients;
  for (int i = 0; i < s.clients; ++i) clients.emplace_back(shared, i);
  while (shared.ready < s.clients) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  std::this_thread::sleep_for(duration_of(s.warmup));
  const auto used = usage_now(s.broker_pids);
  shared.measuring = true;
  std::this_thread::sleep_for(duration_of(s.seconds));
  shared.measuring = false;
  auto result = difference(used, usage_now(s.broker_pids));
  shared.stop = true;
  histogram times;
  for (auto& c : clients) {
    c.join();
    times.merge(c.times());
  }
  if (shared.failed) throw std::runtime_error("a client failed");
  if (times.count() == 0) throw std::runtime_error("no transaction was committed");
  const auto ms = [](std::uint64_t ns) { return static_cast<double>(ns) / 1e6; };
  result["transactions"] = times.count();
  result["records"] = times.count() * static_cast<std::uint64_t>(s.records);
  result["bytes"] = times.count() * static_cast<std::uint64_t>(s.records) * s.record_bytes;
  result["commit_ms"] = {
      {"p50", ms(times.at(0.5))}, {"p99", ms(times.at(0.99))}, {"max", ms(times.max())}};
  return result;
}

}  // namespace weir::load
