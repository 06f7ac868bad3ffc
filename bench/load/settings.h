// What one run of the generator does, as the command line says it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace weir::load {

using clock = std::chrono::steady_clock;

constexpr auto patience = std::chrono::seconds(60);  // with whom never answers

struct settings {
  std::string brokers = "127.0.0.1:9092";
  std::string topic = "load";
  int partitions = 1;
  int clients = 4;
  std::vector<int> broker_pids;  // whose CPU time is read at both ends of the measured time
  double warmup = 1;             // seconds before the measured time
  double seconds = 3;            // the measured time
  std::uint64_t bytes = 0;       // produce: stop after this much instead; consume: read this much

  std::size_t record_bytes = 1024;
  double rate = 0;  // records per second of all clients together; 0: as fast as they are taken
  bool keyed = false;
  std::string acks = "all";

  std::string read_topic;  // beside producing: read this from its start
  int read_partitions = 0;
  int readers = 0;
  std::uint64_t read_bytes = 0;  // how much there is to read

  int records = 10;   // of a transaction
  int groups = 1000;  // with offsets in all partitions of the topic

  // A broker that dies so many seconds into the measured time: how long does each partition go
  // without an acknowledgement? Partitions get records in turn then. 0: nobody dies.
  int kill_pid = 0;
  int kill_node = -1;  // its number
  double kill_after = 1;

  std::vector<std::pair<std::string, std::string>> properties;  // librdkafka's, over all others
};

inline double seconds_between(clock::time_point from, clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}
inline clock::duration duration_of(double seconds) {
  return std::chrono::duration_cast<clock::duration>(std::chrono::duration<double>(seconds));
}

}  // namespace weir::load
