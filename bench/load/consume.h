// Readers of assigned partitions, from their start.
#pragma once

#include <atomic>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <thread>
#include <vector>

#include "bench/load/settings.h"

namespace weir::load {

// Several clients that share the partitions of a topic among them. They connect when made and read
// from start() until stop() or destruction.
class readers {
 public:
  readers(const settings& s, std::string topic, int partitions, int count);
  ~readers();
  readers(const readers&) = delete;
  readers& operator=(const readers&) = delete;

  void start() { go_ = true; }
  void stop();
  bool failed() const { return failed_; }
  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t records() const { return records_; }

 private:
  void read(int number);

  const settings& settings_;
  const std::string topic_;
  const int partitions_;
  const int count_;
  std::atomic<int> ready_ = 0;
  std::atomic<bool> go_ = false;
  std::atomic<bool> done_ = false;
  std::atomic<bool> failed_ = false;
  std::atomic<std::uint64_t> bytes_ = 0;
  std::atomic<std::uint64_t> records_ = 0;
  std::vector<std::jthread> threads_;
};

// Reads settings.bytes, or for settings.seconds if that is shorter.
nlohmann::json consume(const settings& s);

}  // namespace weir::load
