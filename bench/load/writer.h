// One client that produces, on a thread of its own.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <random>
#include <thread>
#include <vector>

#include "bench/load/gaps.h"
#include "bench/load/histogram.h"
#include "bench/load/kafka.h"
#include "bench/load/settings.h"

namespace weir::load {

inline std::int64_t since_epoch(clock::time_point t) {
  return std::chrono::nanoseconds(t.time_since_epoch()).count();
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
  std::optional<ack_gaps> gaps;  // where a broker dies
};

class writer {
 public:
  // Connects and waits for plan::begin on a thread of its own.
  writer(plan& shared, int number);
  void join() { thread_.join(); }
  std::uint64_t records() const { return records_; }
  std::uint64_t failures() const { return failures_; }
  bool behind() const { return behind_; }
  const histogram& latency() const { return latency_; }
  const histogram& late() const { return late_; }

 private:
  void acknowledged(const rd_kafka_message_t& message);

  // One record into each of this writer's share of the partitions: a broker may name the leader of
  // a new partition before that can take anything, and that time belongs to nobody's measure.
  void touch();
  bool send(std::int64_t intended, std::int32_t partition = RD_KAFKA_PARTITION_UA);
  std::int32_t own_partition(std::uint64_t n) const;
  void run();
  void saturate();

  // The n-th record is due at a time that no answer can move. Whatever makes it late, be it our own
  // thread or a full queue, counts in its latency.
  void at_rate();

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

}  // namespace weir::load
