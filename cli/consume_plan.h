// Which offsets of which partitions `weir consume` reads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/admin.h"

namespace weir::cli {

struct consume_span {
  std::int32_t partition = 0;
  std::int64_t first = 0;
  std::optional<std::int64_t> end;  // not read any more; nothing: goes on for ever
  bool done() const { return end && first >= *end; }
};

struct consume_request {
  std::string topic;
  std::vector<std::int32_t> partitions;  // empty: all
  std::string from = "start";            // start, end, N, -N, @TIME
  std::string until = "end";             // end, @TIME
  bool follow = false;
  bool committed = true;
};

// A usage failure when `from` or `until` can't be understood. Needs no broker.
void check_request(const consume_request& r);

// Asks the cluster for the partitions and the offsets as they are now.
std::vector<consume_span> plan_consume(client& c, const consume_request& r);

}  // namespace weir::cli
