#include "bench/load/consume.h"

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "bench/load/kafka.h"
#include "bench/load/usage.h"

namespace weir::load {

namespace {
constexpr auto nap = std::chrono::milliseconds(1);
}

readers::readers(const settings& s, std::string topic, int partitions, int count)
    : settings_(s), topic_(std::move(topic)), partitions_(partitions), count_(count) {
  for (int i = 0; i < count_; ++i) threads_.emplace_back([this, i] { read(i); });
  while (ready_ < count_) std::this_thread::sleep_for(nap);
}

readers::~readers() {
  stop();
}

void readers::stop() {
  done_ = true;
  threads_.clear();
}

void readers::read(int number) try {
  const auto handle = make_consumer(settings_);
  const auto topic = await_topic(handle.get(), topic_, partitions_);
  const queue_ptr queue(rd_kafka_queue_new(handle.get()));
  ++ready_;
  while (!go_ && !done_) std::this_thread::sleep_for(nap);
  for (int p = number; p < partitions_; p += count_)
    rd_kafka_consume_start_queue(topic.get(), p, RD_KAFKA_OFFSET_BEGINNING, queue.get());
  std::array<rd_kafka_message_t*, 1000> batch;
  while (!done_) {
    const auto got = rd_kafka_consume_batch_queue(queue.get(), 20, batch.data(), batch.size());
    std::uint64_t bytes = 0;
    std::uint64_t records = 0;
    for (ssize_t i = 0; i < got; ++i) {
      if (batch[i]->err == 0) {
        bytes += batch[i]->len;
        ++records;
      }
      rd_kafka_message_destroy(batch[i]);
    }
    bytes_ += bytes;
    records_ += records;
  }
  for (int p = number; p < partitions_; p += count_) rd_kafka_consume_stop(topic.get(), p);
} catch (const std::exception& e) {
  std::fprintf(stderr, "weir-load: reader %d: %s\n", number, e.what());
  failed_ = true;
  ++ready_;
}

nlohmann::json consume(const settings& s) {
  readers crowd(s, s.topic, s.partitions, s.clients);
  const auto from = usage_now(s.broker_pids);
  crowd.start();
  const auto deadline = clock::now() + duration_of(s.seconds);
  while (crowd.bytes() < s.bytes && clock::now() < deadline && !crowd.failed())
    std::this_thread::sleep_for(nap);
  auto result = difference(from, usage_now(s.broker_pids));
  result["bytes"] = crowd.bytes();
  result["records"] = crowd.records();
  crowd.stop();
  if (crowd.failed()) throw std::runtime_error("a reader failed");
  if (crowd.bytes() == 0) throw std::runtime_error("nothing came");
  return result;
}

}  // namespace weir::load
