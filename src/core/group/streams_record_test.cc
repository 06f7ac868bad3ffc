// Records as Apache Kafka 4.3.1 wrote them: they are read, and written again byte by byte.
#include <catch2/catch_all.hpp>

#include <string>

#include "core/group/streams_record_bytes.h"
#include "core/group/streams_state.h"
#include "core/group/streams_world_test.h"

namespace weir::group {
namespace {

std::string unhex(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return out;
}

template <typename Record>
Record from_kafka(std::string_view key, std::string_view value) {
  const auto raw_key = unhex(key);
  const auto raw_value = unhex(value);
  const auto read = streams_record_from(fragments::copy(raw_key), fragments::copy(raw_value));
  REQUIRE(read);
  CHECK(is_streams_record(static_cast<std::int16_t>(raw_key[1])));
  const auto again = to_bytes(read->group_id, read->record);
  CHECK(again.key.str() == raw_key);
  CHECK(again.value->str() == raw_value);
  const auto gone = streams_record_from(fragments::copy(raw_key), std::nullopt);
  REQUIRE(gone);
  CHECK(!to_bytes(gone->group_id, gone->record).value);
  for (std::size_t size = 0; size < raw_value.size(); ++size) {
    CHECK_FALSE(
        streams_record_from(fragments::copy(raw_key), fragments::copy(raw_value.substr(0, size))));
  }
  return std::get<Record>(read->record);
}

}  // namespace

TEST_CASE("Kafka's records of a streams group") {
  const auto member =
      *from_kafka<streams_member_record>(
           "0013000370696e00026d31",
           "0000000008737572666163650b2f3132372e302e302e31000075300000000005702d6d3101"
           "0368310001000100")
           .value;
  CHECK(member.client_host == "/127.0.0.1");
  CHECK(member.process_id == "p-m1");
  CHECK(member.endpoint == streams_endpoint{text("h1"), 1});
  CHECK(member.rebalance_timeout_ms == 30'000);

  const auto epoch =
      *from_kafka<streams_group_record>(
           "001100026733",
           "000000000002bb199c7648de270402000400000000011902156e756d2e7374616e6462792e7"
           "265706c69636173023000")
           .value;
  CHECK(epoch.epoch == 2);
  CHECK(epoch.validated_topology == 0);
  CHECK(epoch.configs.at(0).second == "0");
  const auto unready =
      *from_kafka<streams_group_record>(
           "001100026931",
           "000000000002000000000000000001011902156e756d2e7374616e6462792e7265706c696"
           "36173023000")
           .value;
  CHECK(unready.validated_topology == -1);

  const auto topology =
      *from_kafka<streams_topology_record>(
           "001700026932",
           "000000000000030230020361340101021169322d722d7265706172746974696f6e010100"
           "02310101021369322d73746f72652d6368616e67656c6f67000000000000020f636c6561"
           "6e75702e706f6c69637908636f6d70616374000001021169322d722d7265706172746974"
           "696f6e000000000000030f636c65616e75702e706f6c6963790764656c657465000d7265"
           "74656e74696f6e2e6d73032d310000010000")
           .value;
  REQUIRE(topology.subtopologies.size() == 2);
  CHECK(topology.subtopologies[1].changelogs.at(0).name == "i2-store-changelog");
  CHECK(topology.subtopologies[1].repartition_sources.at(0).configs.at(1).second == "-1");

  const auto target = *from_kafka<streams_target_record>(
                           "001500027362"
                           "00026d31",
                           "000002023003000000010000000300020230030000000000000002000100")
                           .value;
  CHECK(tasks_text(target) == "0:1,3 / 0:0,2");
  CHECK(from_kafka<target_epoch_record>("001400026733", "000000000003010008000001a22d1fe8c7")
            .value->epoch == 3);
}

TEST_CASE("Kafka's records of what a member of a streams group has") {
  const auto current =
      *from_kafka<streams_current_record>(
           "0016000273620002"
           "6d31",
           "0000000000040000000301020230030000000100000003010009030000000400000004020"
           "230030000000000000002000101010100")
           .value;
  CHECK(current.epoch == 4);
  CHECK(current.previous_epoch == 3);
  CHECK(current.state == member_state::stable);
  CHECK(tasks_text(current.assigned.partitions()) == "0:1,3 / 0:0,2");
  const auto revoking =
      *from_kafka<streams_current_record>(
           "00160002673300026d31",
           "0000000000020000000202020230030000000000000001010009030000000200000002010"
           "1020230030000000200000003010009030000000200000002010100")
           .value;
  CHECK(revoking.state == member_state::unrevoked_partitions);
  CHECK(tasks_text(revoking.revoking.partitions()) == "0:2,3");
  CHECK(revoking.revoking.epoch_of({{task_role::active, text("0")}, 3}) == 2);
  const auto waiting = *from_kafka<streams_current_record>("00160002673300026d32",
                                                           "000000000003000000030301010101010100")
                            .value;
  CHECK(waiting.state == member_state::unreleased_partitions);
  // A state of a later Kafka.
  CHECK_FALSE(streams_record_from(fragments::copy(unhex("00160002673300026d32")),
                                  fragments::copy(unhex("000000000003000000037f01010101010100"))));
}

}  // namespace weir::group
