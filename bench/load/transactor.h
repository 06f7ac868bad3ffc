// One transactional producer: what it sends next, by what it was told.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/load/settings.h"
#include "bench/load/wire.h"

namespace weir::load {

class transactor {
 public:
  // `value`: of its records. Waits until it has a producer id.
  transactor(const settings& s, connection& coordinator, int number, const std::string& value);

  // Another transaction: its records, all in one request as one broker leads all partitions.
  void begin();

  // Sends what is due: records that are not taken yet, else the commit.
  void send(connection& to);

  // Hears the answer to what was sent. `again`: the same has to be asked in a while.
  enum class outcome : std::uint8_t { go_on, again, committed };
  outcome hear(connection& from);

  clock::time_point begun() const { return begun_; }

 private:
  struct part {
    std::int32_t partition;
    fragments batch;
    bool taken = false;
  };

  bool all_taken() const;
  outcome hear_of_records(const kafka::produce_response& answer);
  outcome hear_of_end(const kafka::end_txn_response& answer);

  const settings& settings_;
  const std::string id_;
  const std::string& value_;
  std::int64_t producer_ = -1;
  std::int16_t epoch_ = -1;
  std::vector<std::int32_t> sequences_;  // of each partition, since the epoch began
  int next_partition_;
  std::vector<part> parts_;
  clock::time_point begun_;
};

}  // namespace weir::load
