#include "bench/load/member.h"

#include <format>
#include <map>
#include <stdexcept>
#include <thread>

#include "bench/load/settings.h"

namespace weir::load {
namespace {

using kafka::error_code;

constexpr std::int32_t session_ms = 30'000;
constexpr std::int32_t rebalance_ms = 60'000;
constexpr auto pause = std::chrono::milliseconds(20);

bytes whole(kafka::writer& from) {
  const auto all = from.take();
  return all.contiguous(0, all.size());
}

// ConsumerProtocolSubscription, version 0. A coordinator reads it, and Kafka's ends no rebalance in
// which it could not.
bytes subscription(const std::string& topic, const std::string& user_data) {
  kafka::writer to;
  to.int16(0);
  to.array(1, false);
  to.string(topic, false);
  to.byte_string(bytes::copy(user_data), false);
  return whole(to);
}

// ConsumerProtocolAssignment, version 0.
bytes assignment(const std::string& topic, std::int32_t partition) {
  kafka::writer to;
  to.int16(0);
  to.array(1, false);
  to.string(topic, false);
  to.array(1, false);
  to.int32(partition);
  to.nullable_byte_string(std::nullopt, false);
  return whole(to);
}

}  // namespace

void refused(error_code code, const std::string& what) {
  throw std::runtime_error(std::format("{}: {}", what, kafka::to_string(code)));
}

bool is_not_yet(error_code code) {
  return code == error_code::coordinator_load_in_progress ||
         code == error_code::coordinator_not_available || code == error_code::not_coordinator;
}

kafka::join_group_request join(const std::string& group, const text& member,
                               const std::string& topic, const std::string& user_data) {
  return {.group_id = group,
          .session_timeout_ms = session_ms,
          .rebalance_timeout_ms = rebalance_ms,
          .member_id = member,
          .protocol_type = "consumer",
          .protocols = {{.name = "range", .metadata = subscription(topic, user_data)}}};
}

kafka::sync_group_request sync(const std::string& group, const std::string& topic,
                               const kafka::join_group_response& joined) {
  kafka::sync_group_request out{.group_id = group,
                                .generation_id = joined.generation_id,
                                .member_id = joined.member_id,
                                .protocol_type = joined.protocol_type,
                                .protocol_name = joined.protocol_name};
  std::int32_t partition = 0;
  for (const auto& m : joined.members)
    out.assignments.push_back(
        {.member_id = m.member_id, .assignment = assignment(topic, partition++)});
  return out;
}

kafka::offset_commit_request commit(const std::string& group, const std::string& topic,
                                    int partitions, std::int64_t offset) {
  kafka::offset_commit_request out{.group_id = group, .topics = {{.name = topic}}};
  for (int p = 0; p < partitions; ++p)
    out.topics.front().partitions.push_back({.partition_index = p, .committed_offset = offset});
  return out;
}

error_code result_of(const kafka::offset_commit_response& answer) {
  for (const auto& t : answer.topics)
    for (const auto& p : t.partitions)
      if (p.error != error_code::none) return p.error;
  return error_code::none;
}

kafka::offset_fetch_request committed(std::span<const std::string> groups, const std::string& topic,
                                      int partitions) {
  kafka::offset_fetch_request out;
  for (const auto& group : groups) {
    kafka::offset_fetch_request::topic of{.name = topic};
    for (int p = 0; p < partitions; ++p) of.partition_indexes.push_back(p);
    auto& asked = out.groups.emplace_back();
    asked.group_id = group;
    asked.topics->push_back(std::move(of));
  }
  return out;
}

told of_offset(const kafka::offset_fetch_response::group& group, std::int64_t offset) {
  if (group.error != error_code::none) {
    if (!is_not_yet(group.error)) refused(group.error, "offsets were not told");
    return told::nothing;
  }
  auto out = told::offset;
  for (const auto& t : group.topics)
    for (const auto& p : t.partitions) {
      if (p.error != error_code::none) refused(p.error, "an offset was not told");
      if (p.committed_offset == -1)
        out = told::no_offset;
      else if (p.committed_offset != offset)
        throw std::runtime_error(std::format("group {} has offset {} where {} was committed",
                                             group.group_id.view(), p.committed_offset, offset));
    }
  return out;
}

std::vector<std::string> coordinators(connection& broker, std::span<const std::string> names,
                                      coordinated kind) {
  kafka::find_coordinator_request request{.key_type = static_cast<std::int8_t>(kind)};
  for (const auto& name : names) request.coordinator_keys.push_back(text(name));
  const auto answer = broker.ask(request);
  std::map<std::string_view, std::string> found;
  for (const auto& c : answer.coordinators)
    if (c.error == error_code::none)
      found[c.key.view()] = std::format("{}:{}", c.host.view(), c.port);
  std::vector<std::string> out;
  for (const auto& name : names) out.push_back(found[name]);
  return out;
}

std::string await_coordinator(connection& broker, const std::string& group) {
  const std::vector groups{group};
  // One that asks for no offset is refused as any other is.
  kafka::offset_fetch_request nothing;
  nothing.groups.push_back({.group_id = group});
  for (const auto deadline = clock::now() + patience; clock::now() < deadline;
       std::this_thread::sleep_for(pause)) {
    const auto where = coordinators(broker, groups).front();
    if (where.empty()) continue;
    const auto told = connection(where).ask(nothing);
    if (told.groups.size() == 1 && told.groups.front().error == error_code::none) return where;
  }
  throw std::runtime_error("nobody coordinates " + group);
}

}  // namespace weir::load
