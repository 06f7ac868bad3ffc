#include <catch2/catch_all.hpp>

#include "core/base/crc32c.h"
#include "core/catalog/commands_test.h"
#include "core/catalog/snapshot.h"
#include "core/catalog/stored_record.h"

namespace weir::catalog {
namespace {

state after(std::uint64_t seed, int commands) {
  random_commands random(seed);
  state s;
  stored::cluster_created c;
  c.cluster_id = id_of(seed + 7);
  REQUIRE(s.apply(c));
  for (int i = 0; i < commands; ++i) (void)s.apply(random.next());
  return s;
}

std::vector<fragments> pieces_of(const state& s) {
  std::vector<fragments> out;
  snapshot_writer from(s);
  while (auto piece = from.next()) out.push_back(*std::move(piece));
  return out;
}

TEST_CASE("a state comes back from its snapshot, and goes on alike") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    auto lived = after(seed, static_cast<int>(seed) * 10);
    auto read = decode_snapshot(encode_snapshot(lived));
    REQUIRE(read);
    REQUIRE(*read == lived);
    random_commands random(seed * 31);
    for (int i = 0; i < 200; ++i) {
      const auto c = random.next();
      REQUIRE(read->apply(c) == lived.apply(c));
    }
    REQUIRE(*read == lived);
    CHECK(encode_snapshot(*read) == encode_snapshot(lived));
  }
}

TEST_CASE("states that differ are not equal") {
  const auto s = after(3, 300);
  auto changed = after(3, 300);
  REQUIRE(s == changed);
  REQUIRE(changed.apply(registration(500)));
  CHECK_FALSE(s == changed);
}

TEST_CASE("bytes of a snapshot may be cut anywhere") {
  const auto s = after(5, 300);
  const auto all = encode_snapshot(s);
  for (const std::size_t step : {1, 7, 100, 4096}) {
    snapshot_reader reader;
    for (std::size_t from = 0; from < all.size(); from += step) {
      REQUIRE(reader.feed(all.slice(from, std::min(step, all.size() - from))));
    }
    const auto read = reader.finish();
    REQUIRE(read);
    CHECK(*read == s);
  }
}

TEST_CASE("a snapshot that is not whole is none") {
  const auto s = after(5, 60);
  const auto all = encode_snapshot(s);
  for (std::size_t size = 0; size < all.size(); ++size) {
    const auto read = decode_snapshot(all.slice(0, size));
    REQUIRE_FALSE(read);
    CHECK(read.error() == snapshot_error::truncated);
  }
  auto more = all;
  more.append(bytes::copy("x"));
  CHECK(decode_snapshot(more).error() == snapshot_error::truncated);
  more = all;
  more.append(all);
  CHECK(decode_snapshot(more).error() == snapshot_error::malformed);
}

TEST_CASE("a piece that is missing or changed is noticed") {
  const auto pieces = pieces_of(after(9, 200));
  REQUIRE(pieces.size() > 5);
  for (std::size_t missing = 0; missing < pieces.size(); ++missing) {
    fragments all;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      if (i != missing) all.append(pieces[i]);
    }
    CHECK_FALSE(decode_snapshot(all));
  }
  auto text = encode_snapshot(after(9, 20)).str();
  for (std::size_t i = 0; i < text.size(); ++i) {
    text[i] ^= 0x20;
    CHECK_FALSE(decode_snapshot(fragments::copy(text)));
    text[i] ^= 0x20;
  }
}

TEST_CASE("a hundred thousand partitions take small pieces") {
  state s;
  for (std::uint64_t d = 1; d <= 12; ++d) REQUIRE(s.apply(registration(d)));
  for (std::uint64_t t = 0; t < 10; ++t) {
    std::vector<std::vector<std::int32_t>> partitions;
    for (std::int32_t p = 0; p < 10'000; ++p)
      partitions.push_back({1 + p % 12, 1 + (p + 1) % 12, 1 + (p + 2) % 12});
    auto c = topic_on("", 100 + t, partitions);
    c.name = text("large-" + std::to_string(t));
    REQUIRE(s.apply(c));
  }
  CHECK(s.partition_count() == 100'000);
  snapshot_reader reader;
  for (const auto& piece : pieces_of(s)) {
    CHECK(piece.size() <= piece_bytes_max + piece_head_size);
    REQUIRE(reader.feed(piece));
  }
  const auto read = reader.finish();
  REQUIRE(read);
  CHECK(*read == s);
}

TEST_CASE("large configs take several pieces") {
  state s;
  stored::configs_changed c;
  c.resource_type = broker_resource;
  for (int i = 0; i < 10; ++i) {
    auto& setting = c.configs.emplace_back();
    setting.name = text("newer." + std::to_string(i));
    setting.value = text(std::string(32'000, static_cast<char>('a' + i)));
  }
  REQUIRE(s.apply(c));
  for (const auto& piece : pieces_of(s)) CHECK(piece.size() <= piece_bytes_max);
  const auto read = decode_snapshot(encode_snapshot(s));
  REQUIRE(read);
  CHECK(*read == s);
}

TEST_CASE("names and settings as long as can be, and many small ones") {
  state s;
  auto c = topic_on("", 100, {{1}});
  const std::size_t longest = 32'767;
  c.name = text(std::string(longest, 'n'));
  const auto add = [&](std::string name, std::string value) {
    auto& setting = c.configs.emplace_back();
    setting.name = text(std::move(name));
    setting.value = text(std::move(value));
  };
  for (int i = 0; i < 20'000; ++i) add(std::to_string(i), "");
  for (const char first : {'a', 'b', 'c'}) {
    add(std::string(1, first) + std::string(longest - 1, 'k'), std::string(longest, 'v'));
  }
  REQUIRE(s.apply(c));
  for (const auto& piece : pieces_of(s)) CHECK(piece.size() <= piece_bytes_max);
  const auto read = decode_snapshot(encode_snapshot(s));
  REQUIRE(read);
  CHECK(*read == s);
}

fragments piece_of(const auto& record) {
  const auto encoded = encode_record(record);
  char head[piece_head_size];
  store_be<std::uint32_t>(head, static_cast<std::uint32_t>(encoded.size()));
  store_be<std::uint32_t>(head + 4, crc32c(encoded, 0, encoded.size()));
  auto out = fragments::copy({head, piece_head_size});
  out.append(encoded);
  return out;
}

TEST_CASE("the worked example of docs/formats/catalog-snapshot.md is what it says") {
  const unsigned char example[] = {0x00, 0x00, 0x00, 0x0d, 0x4b, 0x3f, 0x95, 0x91, 0x00, 0x46, 0x00,
                                   0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0x00};
  stored::snapshot_end end;
  end.pieces = 3;
  CHECK(piece_of(end).str() ==
        std::string(reinterpret_cast<const char*>(example), sizeof(example)));
}

// What a snapshot with these records in the middle is.
template <typename... Records>
snapshot_error error_with(const Records&... records) {
  snapshot_reader reader;
  REQUIRE(reader.feed(piece_of(stored::snapshot_head{})));
  std::optional<snapshot_error> found;
  const auto take = [&](const auto& r) {
    if (const auto taken = reader.feed(piece_of(r)); !taken && !found) found = taken.error();
  };
  (take(records), ...);
  return found.value_or(snapshot_error::truncated);
}

TEST_CASE("records that no writer writes") {
  stored::snapshot_topic t;
  t.name = "t";
  t.topic_id = id_of(1);
  stored::snapshot_partitions p;
  auto& one = p.partitions.emplace_back();
  one.replicas.push_back(1);
  CHECK(error_with(t, p) == snapshot_error::truncated);  // all good so far
  CHECK(error_with(p) == snapshot_error::malformed);
  CHECK(error_with(t, t) == snapshot_error::malformed);
  one.leaving.push_back(1);
  CHECK(error_with(t, p) == snapshot_error::malformed);
  one.leaving.clear();
  one.target.push_back(2);
  one.target.push_back(2);
  CHECK(error_with(t, p) == snapshot_error::malformed);
  one.target.pop_back();
  one.version = -1;
  CHECK(error_with(t, p) == snapshot_error::malformed);

  stored::snapshot_features f;
  f.features.emplace_back().name = "f";
  CHECK(error_with(f) == snapshot_error::malformed);  // level 0
  f.features[0].level = 1;
  CHECK(error_with(f) == snapshot_error::truncated);
  CHECK(error_with(f, stored::snapshot_features{}) == snapshot_error::malformed);

  stored::snapshot_broker b;
  b.broker_id = id_of(1);
  b.node_id = 1;
  b.registered = true;
  CHECK(error_with(b) == snapshot_error::truncated);
  CHECK(error_with(b, b) == snapshot_error::malformed);
  b.state = 9;
  CHECK(error_with(b) == snapshot_error::newer_version);
  CHECK(error_with(stored::snapshot_head{}) == snapshot_error::malformed);
  CHECK(error_with(stored::snapshot_end{}) == snapshot_error::malformed);  // counts no piece
  CHECK(error_with(stored::topic_deleted{}) == snapshot_error::newer_version);
}

}  // namespace
}  // namespace weir::catalog
