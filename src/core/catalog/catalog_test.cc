#include <catch2/catch_all.hpp>

#include "core/catalog/state.h"

namespace weir::catalog {
namespace {

stored::topic_created orders(std::size_t partitions) {
  stored::topic_created c;
  c.name = "orders";
  c.topic_id = {1, 2};
  for (std::size_t i = 0; i < partitions; ++i) {
    stored::topic_created::partition_placement p;
    p.replicas.push_back(1);
    c.partitions.push_back(std::move(p));
  }
  stored::topic_created::config_setting s;
  s.name = "log.retention_ms";
  s.value = "1000";
  c.configs.push_back(std::move(s));
  return c;
}

TEST_CASE("commands come back as they were stored") {
  const command given = orders(3);
  const auto stored_form = encode(given);
  const auto read = decode(fragments::copy(stored_form));
  REQUIRE(read);
  CHECK(*read == given);
  for (std::size_t cut = 0; cut < stored_form.size(); ++cut) {
    CHECK_FALSE(decode(fragments::copy(stored_form.substr(0, cut))));
  }
  CHECK(decode(fragments::copy(std::string("\x7f\x00\x00\x00", 4))).error() ==
        kafka::codec_error::bad_version);
}

TEST_CASE("the worked example of docs/formats/catalog.md is what it says") {
  const std::string stored_form("\0\2\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\2\0", 21);
  const auto read = decode(fragments::copy(stored_form));
  REQUIRE(read);
  stored::topic_deleted expected;
  expected.topic_id = *uuid::parse("AAAAAAAAAAEAAAAAAAAAAg");
  CHECK(*read == command(expected));
  CHECK(encode(*read) == stored_form);
}

TEST_CASE("the worked example of a reassignment is what it says") {
  const unsigned char stored_form[] = {0x00, 0x0a, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00,
                                       0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                                       0x02, 0x00, 0x00, 0x00, 0x03, 0xff, 0xff, 0xff, 0xff, 0x03,
                                       0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x05, 0x00, 0x00};
  const std::string given(reinterpret_cast<const char*>(stored_form), sizeof(stored_form));
  stored::reassignments_begun expected;
  auto& p = expected.partitions.emplace_back();
  p.topic_id = *uuid::parse("AAAAAAAAAAEAAAAAAAAAAg");
  p.partition = 3;
  for (const std::int32_t node : {4, 5}) p.replicas.push_back(node);
  const auto read = decode(fragments::copy(given));
  REQUIRE(read);
  CHECK(*read == command(expected));
  CHECK(encode(*read) == given);
}

TEST_CASE("topics come, grow and go") {
  state s;
  REQUIRE(s.apply(orders(2)));
  CHECK(s.apply(orders(2)).error() == refusal::topic_exists);
  const auto* t = s.find("orders");
  REQUIRE(t);
  CHECK(s.find(uuid{1, 2}) == t);
  CHECK(t->partitions.size() == 2);
  CHECK(resolve_topic({.topic = &t->configs}).retention_ms == std::chrono::milliseconds(1000));

  stored::partitions_added more;
  more.topic_id = {1, 2};
  more.total = 3;
  more.added.resize(1);
  REQUIRE(s.apply(more));
  CHECK(s.apply(more).error() ==
        refusal::fewer_partitions);  // two proposals that passed each other
  CHECK(s.partition_count() == 3);

  stored::topic_deleted gone;
  gone.topic_id = {1, 2};
  REQUIRE(s.apply(gone));
  CHECK(s.apply(gone).error() == refusal::unknown_topic);
  CHECK(s.partition_count() == 0);
  CHECK_FALSE(s.find("orders"));
}

TEST_CASE("producer ids never go back") {
  state s;
  stored::producer_ids_allocated a;
  a.next_producer_id = 2000;
  REQUIRE(s.apply(a));
  CHECK(s.apply(a).error() == refusal::ids_taken);  // two brokers wanted the same block
  a.next_producer_id = 1000;
  CHECK(s.apply(a).error() == refusal::ids_taken);
  CHECK(s.next_producer_id() == 2000);
}

}  // namespace
}  // namespace weir::catalog
