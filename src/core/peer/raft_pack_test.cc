#include "core/peer/raft_pack.h"

#include <catch2/catch_all.hpp>
#include <random>

namespace weir::peer {
namespace {

constexpr node_id sender{3};
constexpr node_id receiver{7};

struct parts {
  std::string head;
  fragments tail;
};
// A pack's frame, cut into what a connection reads.
parts parts_of(const fragments& frame, frame_limits limits = {}) {
  std::array<char, frame_header_size> raw{};
  frame.copy_to(0, raw.size(), raw.data());
  const auto header = decode_frame_header(raw, limits);
  REQUIRE(header);
  CHECK(header->kind == message_kind::raft_pack);
  REQUIRE(frame.size() == raw.size() + header->body_size());
  parts p{frame.slice(raw.size(), header->head_size).str(),
          frame.slice(raw.size() + header->head_size, header->tail_size)};
  REQUIRE(check_body(*header, p.head, p.tail));
  return p;
}

std::vector<raft_post> unpacked(const fragments& frame) {
  const auto p = parts_of(frame);
  raft_unpacker from(p.head, p.tail, sender, receiver);
  std::vector<raft_post> all;
  while (true) {
    auto next = from.next();
    REQUIRE(next);
    if (!*next) return all;
    all.push_back(std::move(**next));
  }
}

// Messages with values from anywhere in their range, extremes more often than chance would have it.
class any_message {
 public:
  explicit any_message(std::uint64_t seed) : random_(seed) {}

  std::uint64_t below(std::uint64_t n) { return random_() % n; }
  std::uint64_t number() {
    switch (below(4)) {
      case 0:
        return below(3);
      case 1:
        return random_();
      case 2:
        return ~below(3);
      default:
        return random_() >> below(64);
    }
  }
  bool yes() { return below(2) == 0; }
  raft_post post() {
    raft_post p;
    p.group.topic_id = {below(3), below(2)};
    p.group.partition = static_cast<std::int32_t>(number());
    p.message.from = sender;
    p.message.to = receiver;
    p.message.term = term(number());
    body(p);
    return p;
  }

 private:
  raft::entry_id id() { return {term(number()), log_index(number())}; }
  raft::configuration members() {
    raft::configuration c;
    for (auto* set : {&c.voters, &c.old_voters, &c.learners}) {
      for (auto n = below(6); n > 0; --n) set->emplace_back(static_cast<std::int32_t>(number()));
    }
    return raft::normal(c);
  }
  void append(raft_post& p) {
    raft::append_request m{
        .previous = id(), .commit = log_index(number()), .forgotten = log_index(number())};
    for (auto n = below(5); n > 0; --n) {
      m.entries.push_back({.term = term(number()),
                           .index = log_index(number()),
                           .first_offset = offset(static_cast<std::int64_t>(number())),
                           .offset_count = static_cast<std::uint32_t>(number()),
                           .size = static_cast<std::uint32_t>(number()),
                           .kind = static_cast<raft::entry_kind>(below(3))});
      if (yes()) m.configurations.push_back({log_index(number()), members()});
      p.frames.append(bytes::from(std::string(below(3) * below(5000), 'f')));
    }
    p.message.body = std::move(m);
  }
  void body(raft_post& p) {
    switch (below(8)) {
      case 0:
        p.message.body = raft::vote_request{id(), yes(), yes()};
        break;
      case 1:
        p.message.body = raft::vote_reply{yes(), yes()};
        break;
      case 2:
        append(p);
        break;
      case 3:
        p.message.body =
            raft::append_reply{yes(), log_index(number()), log_index(number()), id(), yes()};
        break;
      case 4:
        p.message.body = raft::heartbeat{log_index(number()), number(), yes(), log_index(number())};
        break;
      case 5:
        p.message.body =
            raft::heartbeat_reply{number(), log_index(number()), log_index(number()), yes()};
        break;
      case 6:
        p.message.body = raft::install_snapshot{id(), members(), log_index(number()), yes()};
        break;
      default:
        p.message.body = raft::timeout_now{};
    }
  }

  std::mt19937_64 random_;
};

TEST_CASE("what is packed comes out as it was, in its order") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    any_message any(seed);
    raft_packer to;
    std::vector<raft_post> given;
    for (auto n = 1 + any.below(40); n > 0; --n) {
      given.push_back(any.post());
      REQUIRE(to.add(given.back()) == raft_packer::added::yes);
    }
    REQUIRE(unpacked(to.take()) == given);
    CHECK(to.empty());
  }
}

TEST_CASE("what is cut off anywhere is refused") {
  any_message any(1);
  raft_packer to;
  for (int i = 0; i < 20; ++i) to.add(any.post());
  raft_post last = any.post();  // between two messages it is the tail that tells
  last.message.body = raft::append_request{};
  last.frames = fragments::copy("frame");
  to.add(last);
  const auto p = parts_of(to.take());
  for (std::size_t cut = 0; cut < p.head.size(); ++cut) {
    raft_unpacker from(std::string_view(p.head).substr(0, cut), p.tail, sender, receiver);
    auto next = from.next();
    while (next && *next) next = from.next();
    CHECK_FALSE(next);
  }
}

TEST_CASE("a pack ends where it would grow too large, and one large message goes alone") {
  raft_packer to({.head_max = 4096, .tail_max = 1000});
  raft_post p;
  p.message.from = sender;
  p.message.to = receiver;
  p.message.body = raft::append_request{};
  p.frames = fragments::copy(std::string(600, 'f'));
  CHECK(to.add(p) == raft_packer::added::yes);
  CHECK(to.add(p) == raft_packer::added::full);
  CHECK(unpacked(to.take()) == std::vector{p});
  p.frames = fragments::copy(std::string(6000, 'f'));
  CHECK(to.add(p) == raft_packer::added::yes);
  CHECK(unpacked(to.take()) == std::vector{p});

  // A refused message leaves nothing behind, its topic neither.
  std::size_t added = 0;
  p.frames = {};
  p.message.body = raft::heartbeat{};
  for (;; ++added) {
    p.group.topic_id = {1, added};
    if (to.add(p) != raft_packer::added::yes) break;
  }
  CHECK(added > 100);
  CHECK(unpacked(to.take()).size() == added);

  raft::append_request wide;
  wide.entries.resize(pack_entries_max);
  wide.configurations.resize(pack_entries_max);
  for (auto& c : wide.configurations) {
    for (int i = 0; i < 64; ++i) c.members.voters.emplace_back(1'000'000 + i);
  }
  p.message.body = std::move(wide);
  CHECK(to.add(p) == raft_packer::added::too_large);
  CHECK(to.empty());
}

TEST_CASE("counts are not believed beyond what could follow") {
  const auto refused = [](std::string_view head) {
    const fragments no_frames;
    raft_unpacker from(head, no_frames, sender, receiver);
    const auto next = from.next();
    return !next && next.error() == peer_error::malformed && !from.next();
  };
  CHECK(refused(""));                                           // no table
  CHECK(refused(std::string_view("\xff\xff\xff\xff\x0f", 5)));  // 2^32 - 1 topics
  CHECK(refused(std::string_view("\x00\x08\x00\x00\x01", 5)));  // a topic that is not there
  const std::string topic(16, 't');
  const std::string one = "\x01" + topic;
  CHECK(refused(one + std::string("\x00\x00\x00\x01", 4)));  // no such message
  CHECK(refused(one + std::string("\x48\x00\x00\x01", 4)));  // nor such a flag
  CHECK(
      refused(one + std::string("\x03\x00\x00\x01\x00\x00\x00\x00\x80\x10", 10)));  // 2048 entries
  CHECK(
      refused(one + std::string("\x03\x00\x00\x01\x00\x00\x00\x00\x00\x00\x05", 11)));  // no frames
  CHECK_FALSE(refused(one + std::string("\x03\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00", 11)));
}

TEST_CASE("heartbeats are small") {
  // Ten thousand groups that have run for a while: ten partitions a topic, and one.
  for (const std::uint64_t per_topic : {10, 1}) {
    raft_packer to;
    std::size_t frames = 1;
    std::size_t size = 0;
    for (std::uint64_t i = 0; i < 10'000; ++i) {
      raft_post p;
      p.group = {{~(i / per_topic), i / per_topic}, static_cast<std::int32_t>(i % per_topic)};
      p.message = {.from = sender, .to = receiver, .term = term(40), .body = {}};
      const log_index commit(3'000'000 + i);
      p.message.body = raft::heartbeat{commit, 5'000'000, false, commit};
      if (to.add(p) == raft_packer::added::full) {
        size += to.take().size();
        ++frames;
        to.add(p);
      }
    }
    size += to.take().size();
    INFO(size << " bytes in " << frames << " frames");
    CHECK(size < 10'000 * (per_topic == 1 ? 30 : 16));
  }
}

}  // namespace
}  // namespace weir::peer
