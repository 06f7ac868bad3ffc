// Frames, declared messages, the handshake; and docs/formats/peer.md is what it says.
#include <catch2/catch_all.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "core/base/endian.h"
#include "core/peer/handshake.h"
#include "core/peer/messages.h"
#include "core/peer/raft_pack.h"

namespace weir::peer {
namespace {

struct opened {
  frame_header header;
  bytes head;
  fragments tail;
};
std::expected<opened, peer_error> open(const fragments& frame, frame_limits limits = {}) {
  std::array<char, frame_header_size> raw{};
  if (frame.size() < raw.size()) return std::unexpected(peer_error::bad_header);
  frame.copy_to(0, raw.size(), raw.data());
  opened o;
  o.header = weir_try(decode_frame_header(raw, limits));
  if (frame.size() != raw.size() + o.header.body_size()) {
    return std::unexpected(peer_error::malformed);
  }
  o.head = frame.contiguous(raw.size(), o.header.head_size);
  o.tail = frame.slice(raw.size() + o.header.head_size, o.header.tail_size);
  weir_try_void(check_body(o.header, o.head.view(), o.tail));
  return o;
}

call some_call() {
  call c;
  c.request_id = 7;
  c.method = 3;
  c.shard = 1;
  c.deadline_ms = 1500;
  return c;
}

TEST_CASE("a message comes back with its payload") {
  const auto tail = fragments::copy("payload");
  const auto frame = frame_of(some_call(), tail);
  const auto o = open(frame);
  REQUIRE(o);
  CHECK(o->header.kind == message_kind::call);
  CHECK(decode_as<call>(o->head) == some_call());
  CHECK(o->tail == tail);
}

TEST_CASE("any changed bit of a frame is noticed, but for a pack's tail, which brings its own") {
  const auto whole = frame_of(some_call(), fragments::copy("payload")).str();
  for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    auto changed = whole;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    const auto o = open(fragments::copy(changed));
    REQUIRE_FALSE(o);
    CHECK(o.error() ==
          (bit / 8 < frame_header_size ? peer_error::bad_header : peer_error::bad_checksum));
  }
  auto pack = frame_of(message_kind::raft_pack, bytes::copy("head"), fragments::copy("tail")).str();
  pack.back() = 'L';
  CHECK(open(fragments::copy(pack)));
  pack[frame_header_size] = 'H';
  CHECK(open(fragments::copy(pack)).error() == peer_error::bad_checksum);
}

TEST_CASE("sizes and kinds are judged before anything is read") {
  const auto header_of = [](frame_header h, frame_limits limits = {}) {
    return decode_frame_header(encode(h), limits);
  };
  CHECK(header_of({.kind = message_kind::call, .head_size = frame_head_max + 1}).error() ==
        peer_error::too_large);
  CHECK(header_of({.kind = message_kind::call, .tail_size = UINT32_MAX}).error() ==
        peer_error::too_large);
  CHECK(header_of({.kind = message_kind::hello, .tail_size = 1}, handshake_limits).error() ==
        peer_error::too_large);
  CHECK(header_of({.kind = static_cast<message_kind>(11)}).error() == peer_error::unknown_kind);
  CHECK(header_of({.kind = static_cast<message_kind>(0)}).error() == peer_error::unknown_kind);
  CHECK(header_of({.kind = message_kind::beat, .head_size = 24, .crc = 9})->head_size == 24);
  // What other protocols begin with.
  std::array<char, frame_header_size> other{};
  std::string_view("GET /metrics HTTP/1.1\r\n").copy(other.data(), other.size());
  CHECK(decode_frame_header(other, {}).error() == peer_error::bad_header);
}

TEST_CASE("a message must fill its head") {
  const auto frame = frame_of(some_call());
  const auto head = open(frame)->head;
  CHECK(decode_as<call>(head.slice(0, head.size() - 1)).error() == peer_error::malformed);
  CHECK(decode_as<call>(bytes::copy(std::string(head.view()) + "x")).error() ==
        peer_error::malformed);
}

constexpr uuid cluster{1, 1};
const identity here{.cluster_id = cluster,
                    .node = node_id(2),
                    .broker_id = {2, 2},
                    .incarnation = {9, 9},
                    .shards = 4};
const identity there{
    .cluster_id = cluster, .node = node_id(1), .broker_id = {1, 2}, .incarnation = {8, 8}};

refusal answered(const hello& h, std::optional<uuid> known = std::nullopt) {
  const auto w = judge(h, here, known);
  CHECK(w.broker_id == here.broker_id);
  CHECK(w.shards == 4);
  return static_cast<refusal>(w.refusal);
}

TEST_CASE("brokers that may talk do") {
  const auto h = greeting(there, here.node, here.broker_id, way::bulk, 3);
  CHECK(answered(h) == refusal::none);
  CHECK(answered(h, there.broker_id) == refusal::none);
  const auto w = judge(h, here, there.broker_id);
  CHECK(w.protocol == 1);
  CHECK(judge(w, h) == refusal::none);
  // Whom it knows nothing of but the address.
  CHECK(answered(greeting(there, node_id(-1), {}, way::prompt, 0)) == refusal::none);
  // One that is to become a member.
  auto young = there;
  young.cluster_id = {};
  CHECK(answered(greeting(young, here.node, {}, way::prompt, 0)) == refusal::none);
}

TEST_CASE("brokers that may not talk are told why") {
  const auto good = greeting(there, here.node, here.broker_id, way::prompt, 0);
  auto h = good;
  h.cluster_id = {7, 7};
  CHECK(answered(h) == refusal::other_cluster);
  h = good;
  h.to_node = 5;
  CHECK(answered(h) == refusal::other_broker);
  h = good;
  h.to_broker = {7, 7};
  CHECK(answered(h) == refusal::other_broker);
  CHECK(answered(good, uuid{7, 7}) == refusal::known_as_other);
  h = good;
  h.protocol_min = protocol_version_max + 1;
  h.protocol_max = protocol_version_max + 2;
  CHECK(answered(h) == refusal::no_version);
  h = good;
  h.way = 2;
  CHECK(answered(h) == refusal::malformed);
  h = good;
  h.shard = -1;
  CHECK(answered(h) == refusal::malformed);
}

TEST_CASE("the dialer looks at who answers") {
  const auto h = greeting(there, here.node, here.broker_id, way::prompt, 0);
  auto w = judge(h, here, std::nullopt);
  w.broker_id = {7, 7};
  CHECK(judge(w, h) == refusal::other_broker);
  w = judge(h, here, std::nullopt);
  w.node_id = 5;
  CHECK(judge(w, h) == refusal::other_broker);
  w = judge(h, here, std::nullopt);
  w.cluster_id = {7, 7};
  CHECK(judge(w, h) == refusal::other_cluster);
  w = judge(h, here, std::nullopt);
  w.protocol = 2;
  CHECK(judge(w, h) == refusal::no_version);
  w = judge(h, here, std::nullopt);
  w.shards = 0;
  CHECK(judge(w, h) == refusal::malformed);
}

// The hex block of the page below the heading.
fragments example(std::string_view heading) {
  const char* given = std::getenv("WEIR_SOURCE");
  const auto source = given ? std::filesystem::path(given)
                            : std::filesystem::path(__FILE__).parent_path() / "../../..";
  std::ifstream page(source / "docs/formats/peer.md");
  REQUIRE(page);
  std::string line;
  while (std::getline(page, line) && line != heading) {
  }
  while (std::getline(page, line) && line != "```hex") {
  }
  std::string raw;
  while (std::getline(page, line) && line != "```") {
    const auto hex = line.substr(0, line.find("  "));
    for (std::size_t at = 0; at + 1 < hex.size(); at += hex[at] == ' ' ? 1 : 2) {
      if (hex[at] != ' ')
        raw.push_back(static_cast<char>(std::stoi(hex.substr(at, 2), nullptr, 16)));
    }
  }
  return fragments::copy(raw);
}

TEST_CASE("the page's call") {
  const auto frame = frame_of(some_call(), fragments::copy("hi"));
  CHECK(example("## Example: a call") == frame);
  CHECK(open(example("## Example: a call")));
}

TEST_CASE("the page's pack") {
  const node_id from(1);
  const node_id to(2);
  raft_post beat{.group = {{1, 2}, 3},
                 .message = {.from = from, .to = to, .term = term(5), .body = {}},
                 .frames = {}};
  beat.message.body = raft::heartbeat{
      .commit = log_index(1000), .round = 77, .rest = true, .everyone = log_index(999)};
  auto append = beat;
  append.group.partition = 4;
  raft::append_request request{.previous = {term(5), log_index(9)}, .commit = log_index(9)};
  request.entries.push_back({.term = term(5),
                             .index = log_index(10),
                             .first_offset = offset(100),
                             .offset_count = 2,
                             .size = 4});
  append.message.body = request;
  append.frames = fragments::copy("0123");
  raft_packer packer;
  packer.add(beat);
  packer.add(append);
  CHECK(example("## Example: a pack") == packer.take());
  const auto o = open(example("## Example: a pack"));
  REQUIRE(o);
  raft_unpacker read(o->head.view(), o->tail, from, to);
  CHECK(*read.next() == beat);
  CHECK(*read.next() == append);
  CHECK(*read.next() == std::nullopt);
}

}  // namespace
}  // namespace weir::peer
