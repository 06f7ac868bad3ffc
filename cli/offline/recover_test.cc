#include "cli/offline/recover.h"

#include <catch2/catch_all.hpp>

#include "cli/offline/data_dir_test.h"
#include "cli/offline/directory_check.h"
#include "core/catalog/stored_record.h"
#include "core/codec/stored/membership.h"
#include "core/log/group_record.h"

namespace weir::offline {
namespace {

using namespace test;

constexpr uuid orders{7, 8};

// A broker's directory with one partition whose group began with `voters`.
struct survivor {
  explicit survivor(const std::vector<node_id>& voters, node_id self = node_id(1))
      : root(std::filesystem::temp_directory_path() /
             ("weir-recover-" + std::to_string(::getpid()) + "-" + std::to_string(++made))) {
    std::filesystem::remove_all(root);
    partition = root / ("topics/orders." + orders.str()) / "3";
    std::filesystem::create_directories(root / "catalog");
    stored::membership m;
    m.broker_id = {1, 1};
    m.cluster_id = {2, 2};
    m.node_id = self.value();
    const auto body = catalog::encode_record(m).str();
    std::string content(4, '\0');
    store_be<std::uint32_t>(content.data(), crc32c(body));
    spill(root / "membership", small_file(content + body));
    partition_writer w(partition, orders, partition_id(3));
    w.new_term();
    for (int i = 0; i < 5; ++i) w.batch(2, 50);
    w.stop();
    write_group({.began = raft::encode({.voters = voters})});
  }
  ~survivor() { std::filesystem::remove_all(root); }
  survivor(const survivor&) = delete;

  void write_group(const log::group_record& group) const {
    spill(partition / "group", small_file(log::encode(group)));
  }
  [[nodiscard]] log::group_record group() const {
    const auto content = small_content(*open_source(partition / "group"));
    return *log::decode_group_record(*content);
  }
  [[nodiscard]] copy_of_group plan(recover_order order) const {
    order.path = root.string();
    order.topic = "orders";
    progress p;
    const auto found = plan_recovery(order, p);
    REQUIRE(found.groups.size() == 1);
    CHECK(found.groups[0].label == "orders-3");
    return found.groups[0];
  }

  inline static int made = 0;
  std::filesystem::path root;
  std::filesystem::path partition;
};

const std::vector<node_id> three{node_id(1), node_id(2), node_id(3)};

TEST_CASE("with a majority left there is nothing to do") {
  const survivor s(three);
  CHECK_FALSE(s.plan({.lost = {node_id(3)}}).stuck);
  const survivor alone({node_id(1)});
  CHECK_FALSE(alone.plan({.lost = {node_id(2), node_id(3)}}).stuck);
}

TEST_CASE("the last one that is left goes on alone") {
  const survivor s(three);
  const auto copy = s.plan({.lost = {node_id(2), node_id(3)}});
  CHECK(copy.stuck);
  CHECK(copy.refused.empty());
  CHECK(copy.members.voters == three);
  CHECK(copy.last_index == log_index(6));
  CHECK(copy.next_offset == offset(10));
  CHECK_FALSE(s.group().forced);
  go_on_alone(copy, node_id(1));
  const auto group = s.group();
  REQUIRE(group.forced);
  CHECK(group.forced->index == log_index(6));
  CHECK(raft::decode_configuration(group.forced->body)->voters == std::vector{node_id(1)});
  CHECK(group.began == raft::encode({.voters = three}));
  // Done once, it has a majority: itself.
  CHECK_FALSE(s.plan({.lost = {node_id(2), node_id(3)}}).stuck);
}

TEST_CASE("where others are left the group has to be named") {
  const survivor s({node_id(1), node_id(2), node_id(3), node_id(4), node_id(5)});
  recover_order order{.lost = {node_id(3), node_id(4), node_id(5)}};
  CHECK(s.plan(order).refused.find("brokers 2 have copies too") != std::string::npos);
  order.partition = 3;
  CHECK(s.plan(order).refused.empty());
}

TEST_CASE("a copy that is not sound, or has no vote, does not go on") {
  const survivor s(three);
  const recover_order order{.lost = {node_id(2), node_id(3)}};
  const survivor learner({node_id(2), node_id(3)});
  CHECK(learner.plan(order).refused.find("no vote") != std::string::npos);

  const survivor cut(three);
  spill(cut.partition / "cut", "");
  CHECK(cut.plan(order).refused.find("cut or reset") != std::string::npos);

  const survivor damaged(three);
  const auto segment = damaged.partition / "00000000000000000001.log";
  auto bytes = slurp(segment);
  bytes[4096 + 80] = static_cast<char>(bytes[4096 + 80] ^ 1);
  spill(segment, bytes);
  CHECK(damaged.plan(order).refused.find("damaged") != std::string::npos);
  CHECK_THROWS_AS(damaged.plan({.lost = {node_id(1)}}), nothing_to_check);
}

}  // namespace
}  // namespace weir::offline
