// What members of groups and those who commit for a group ask, and what they are told.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <vector>

#include "bench/load/wire.h"

namespace weir::load {

constexpr auto patience = std::chrono::seconds(60);

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
// Whether the offsets of a group are known; throws when one is not `offset`.
bool is_committed(const kafka::offset_fetch_response::group& group, std::int64_t offset);

// HOST:PORT of who coordinates each of the groups; empty where nobody is known to.
std::vector<std::string> coordinators(connection& broker, std::span<const std::string> groups);

// HOST:PORT of who coordinates the group, once that can answer for it.
std::string await_coordinator(connection& broker, const std::string& group);

}  // namespace weir::load
