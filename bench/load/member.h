// What members of groups and those who commit for a group ask, and what they are told.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bench/load/wire.h"

namespace weir::load {

// Throws with the code's name and what was wanted.
[[noreturn]] void refused(kafka::error_code code, const std::string& what);

// A broker may be named as a coordinator before it is one, and while it loads.
bool is_not_yet(kafka::error_code code);

// A member that subscribes to the topic; `user_data` is its own affair.
kafka::join_group_request join(const std::string& group, const text& member,
                               const std::string& topic, const std::string& user_data);

// The leader of a group, which alone is told its members, has a partition of the topic for each.
kafka::sync_group_request sync(const std::string& group, const std::string& topic,
                               const kafka::join_group_response& joined);

// The same offset for partitions 0 to `partitions` - 1, by somebody who is no member.
kafka::offset_commit_request commit(const std::string& group, const std::string& topic,
                                    int partitions, std::int64_t offset);
// The first error that it tells of.
kafka::error_code result_of(const kafka::offset_commit_response& answer);

kafka::offset_fetch_request committed(std::span<const std::string> groups, const std::string& topic,
                                      int partitions);
// What is told of a group that has committed that offset everywhere; throws when it is another one.
enum class told : std::uint8_t { nothing, no_offset, offset };
told of_offset(const kafka::offset_fetch_response::group& group, std::int64_t offset);

enum class coordinated : std::int8_t { group = 0, transaction = 1 };

// HOST:PORT of who coordinates each of them; empty where nobody is known to.
std::vector<std::string> coordinators(connection& broker, std::span<const std::string> names,
                                      coordinated kind = coordinated::group);

// HOST:PORT of who coordinates the group, once that can answer for it.
std::string await_coordinator(connection& broker, const std::string& group);

}  // namespace weir::load
