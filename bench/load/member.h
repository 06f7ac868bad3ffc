// What members of groups ask, and what they are told.
#pragma once

#include <string>
#include <vector>

#include "bench/load/wire.h"

namespace weir::load {

// Kafka's codes.
enum class told : std::int16_t { fine = 0, rebalance_in_progress = 27 };

struct joined {
  told code = told::fine;
  std::int32_t generation = 0;
  std::string leader;
  std::string member;
  std::vector<std::string> members;  // the leader is told of all
};

request join(const std::string& group, const std::string& member, const std::string& metadata);
joined joined_by(answer a);

// `assignments`: of the leader, for each of these members.
request sync(const std::string& group, std::int32_t generation, const std::string& member,
             const std::vector<std::string>& assignments);
told synced_by(answer a);

// The same offset for partitions 0 to `partitions` - 1, by somebody who is no member.
request commit(const std::string& group, const std::string& topic, int partitions,
               std::int64_t offset);
told committed_by(answer a);

request committed(const std::string& group, const std::string& topic, int partitions);
// Whether it is known; throws when it is not that offset.
bool is_committed(answer a, std::int64_t offset);

// HOST:PORT of who coordinates the group; waits until somebody does.
std::string await_coordinator(connection& broker, const std::string& group);

}  // namespace weir::load
