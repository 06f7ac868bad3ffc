#pragma once
// Shares out the partitions of a group among its members, as Kafka's server-side assignors do.
// Deterministic: the same input, in any order of members, gives the same answer. Racks are not
// looked at, as in Kafka 4.3.
//
// - uniform: each member gets as many as any other that could take them, and as few as possible
//   change hands. Where all members want the same topics, counts differ by one at most; else no
//   single move makes two members more even.
// - range: of each topic, a run of neighbours to each member. Topics with as many partitions and
//   the same members are shared out alike (co-partitioned).
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/base/uuid.h"
#include "core/group/topic_partitions.h"

namespace weir::group {

enum class assignor : std::uint8_t { uniform, range };

std::string_view name_of(assignor which);
// Nothing: no such assignor.
std::optional<assignor> assignor_named(std::string_view name);

struct assignable_topic {
  uuid id;
  std::int32_t partitions = 0;
};

struct assignee {
  std::string_view member_id;
  std::optional<std::string_view> instance_id;
  std::vector<std::uint32_t> topics;         // places in assignment_input::topics, ascending
  const topic_partitions* before = nullptr;  // what it was meant to have so far; null: nothing
};

// Every topic is there once, and every member.
struct assignment_input {
  std::vector<assignable_topic> topics;
  std::vector<assignee> members;
};

// For each member of the input, at its place. `work` grows by the steps taken.
using assignment = std::vector<topic_partitions>;
assignment assign(assignor by, const assignment_input& in, std::uint64_t& work);

// The parts, one a file.
assignment assign_uniform(const assignment_input& in, std::uint64_t& work);
assignment assign_range(const assignment_input& in, std::uint64_t& work);

}  // namespace weir::group
