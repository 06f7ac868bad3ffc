#include "bench/load/member.h"

#include <chrono>
#include <format>
#include <stdexcept>
#include <thread>

#include "bench/load/settings.h"

namespace weir::load {
namespace {

constexpr std::int32_t session_ms = 30'000;
constexpr std::int32_t rebalance_ms = 60'000;
constexpr auto patience = std::chrono::seconds(60);
constexpr std::size_t assignment_bytes = 64;

}  // namespace

request join(const std::string& group, const std::string& member, const std::string& metadata) {
  request r(api::join_group, 3);
  r.text(group).int32(session_ms).int32(rebalance_ms).text(member).text("consumer");
  r.int32(1).text("range").bytes(metadata);
  return r;
}

joined joined_by(answer a) {
  joined out;
  a.int32();  // throttled
  out.code = static_cast<told>(a.int16());
  out.generation = a.int32();
  a.text();  // the protocol
  out.leader = a.text();
  out.member = a.text();
  for (auto left = a.int32(); left > 0; --left) {
    out.members.push_back(a.text());
    a.bytes();
  }
  return out;
}

request sync(const std::string& group, std::int32_t generation, const std::string& member,
             const std::vector<std::string>& assignments) {
  request r(api::sync_group, 1);
  r.text(group).int32(generation).text(member);
  r.int32(static_cast<std::int32_t>(assignments.size()));
  for (const auto& to : assignments) r.text(to).bytes(std::string(assignment_bytes, 'a'));
  return r;
}

told synced_by(answer a) {
  a.int32();
  return static_cast<told>(a.int16());
}

request commit(const std::string& group, const std::string& topic, int partitions,
               std::int64_t offset) {
  request r(api::offset_commit, 3);
  r.text(group).int32(-1).text("").int64(-1).int32(1).text(topic).int32(partitions);
  for (int p = 0; p < partitions; ++p) r.int32(p).int64(offset).text("");
  return r;
}

told committed_by(answer a) {
  a.int32();
  for (auto topics = a.int32(); topics > 0; --topics) {
    a.text();
    for (auto partitions = a.int32(); partitions > 0; --partitions) {
      a.int32();
      if (const auto code = static_cast<told>(a.int16()); code != told::fine) return code;
    }
  }
  return told::fine;
}

request committed(const std::string& group, const std::string& topic, int partitions) {
  request r(api::offset_fetch, 3);
  r.text(group).int32(1).text(topic).int32(partitions);
  for (int p = 0; p < partitions; ++p) r.int32(p);
  return r;
}

bool is_committed(answer a, std::int64_t offset) {
  bool right = true;
  bool known = true;
  a.int32();
  for (auto topics = a.int32(); topics > 0; --topics) {
    a.text();
    for (auto partitions = a.int32(); partitions > 0; --partitions) {
      a.int32();
      right &= a.int64() == offset;
      a.text();
      known &= a.int16() == 0;
    }
  }
  if (a.int16() != 0 || !known) return false;
  if (!right) throw std::runtime_error("a committed offset is not there any more");
  return true;
}

std::string await_coordinator(connection& broker, const std::string& group) {
  request r(api::find_coordinator, 1);
  r.text(group);
  r.int8(0);
  const auto deadline = clock::now() + patience;
  while (clock::now() < deadline) {
    auto a = broker.ask(r);
    a.int32();
    const auto code = a.int16();
    a.text();
    a.int32();
    const auto host = a.text();
    if (code == 0) return std::format("{}:{}", host, a.int32());
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  throw std::runtime_error("nobody coordinates " + group);
}

}  // namespace weir::load
