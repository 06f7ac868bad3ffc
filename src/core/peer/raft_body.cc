#include "core/peer/raft_body.h"

#include "core/base/check.h"
#include "core/base/varint.h"
#include "core/peer/raft_pack.h"

namespace weir::peer {
namespace {

// The first byte: which message in the low half, what is true of it in the high one.
enum class tag : std::uint8_t {
  vote_request = 1,
  vote_reply = 2,
  append_request = 3,
  append_reply = 4,
  heartbeat = 5,
  heartbeat_reply = 6,
  install_snapshot = 7,
  timeout_now = 8,
};
constexpr std::uint8_t first_flag = 0x10;
constexpr std::uint8_t second_flag = 0x20;
constexpr std::size_t entry_size_min = 6;
constexpr std::size_t configuration_size_min = 4;  // with its index

class body_writer {
 public:
  explicit body_writer(std::string& to) : to_(to) {}

  void byte(std::uint8_t v) { to_.push_back(static_cast<char>(v)); }
  void number(std::uint64_t v) {
    char raw[varint_size_max];
    to_.append(raw, put_uvarint(raw, v));
  }
  void difference(std::uint64_t v, std::uint64_t from) {
    number(zigzag(static_cast<std::int64_t>(v - from)));
  }
  void id(const raft::entry_id& v) {
    number(v.term.value());
    number(v.index.value());
  }
  void members(const raft::configuration& c) {
    for (const auto* set : {&c.voters, &c.old_voters, &c.learners}) {
      weir_check(set->size() <= raft::configuration::members_max, "{} members", set->size());
      byte(static_cast<std::uint8_t>(set->size()));
      for (const auto node : *set) number(zigzag(node.value()));
    }
  }
  void entries(const raft::append_request& m) {
    number(m.entries.size());
    auto expected = raft::entry_head{.term = m.previous.term, .index = m.previous.index + 1};
    for (const auto& e : m.entries) {
      byte(static_cast<std::uint8_t>(e.kind));
      difference(e.term.value(), expected.term.value());
      difference(e.index.value(), expected.index.value());
      difference(static_cast<std::uint64_t>(e.first_offset.value()),
                 static_cast<std::uint64_t>(expected.first_offset.value()));
      number(e.offset_count);
      number(e.size);
      expected = e;
      ++expected.index;
      expected.first_offset = offset(static_cast<std::int64_t>(
          static_cast<std::uint64_t>(e.first_offset.value()) + e.offset_count));
    }
    number(m.configurations.size());
    for (const auto& c : m.configurations) {
      number(c.index.value());
      members(c.members);
    }
  }

 private:
  std::string& to_;
};

// Errors stick: every read then gives zero.
class body_reader {
 public:
  explicit body_reader(std::string_view& from) : from_(from) {}

  [[nodiscard]] bool ok() const { return ok_; }
  void fail() {
    ok_ = false;
    from_ = {};
  }
  std::uint8_t byte() {
    if (from_.empty()) fail();
    if (!ok_) return 0;
    const auto v = static_cast<std::uint8_t>(from_.front());
    from_.remove_prefix(1);
    return v;
  }
  std::uint64_t number(unsigned bits = 64) {
    const auto read = get_uvarint(from_, bits);
    if (!read) fail();
    if (!ok_) return 0;
    from_.remove_prefix(read->size);
    return read->value;
  }
  std::uint64_t difference(std::uint64_t from) {
    return from + static_cast<std::uint64_t>(unzigzag(number()));
  }
  // Believed only if that many could follow.
  std::size_t count(std::size_t max, std::size_t size_min) {
    const auto count = number();
    if (count > max || count > from_.size() / size_min) fail();
    return ok_ ? static_cast<std::size_t>(count) : 0;
  }
  raft::entry_id id() {
    const term t(number());
    return {t, log_index(number())};
  }
  raft::configuration members() {
    raft::configuration c;
    for (auto* set : {&c.voters, &c.old_voters, &c.learners}) {
      const std::size_t count = byte();
      if (count > raft::configuration::members_max || count > from_.size()) fail();
      if (!ok_) return {};
      set->reserve(count);
      for (std::size_t i = 0; i < count; ++i) {
        set->emplace_back(static_cast<std::int32_t>(unzigzag(number(32))));
      }
    }
    // What consensus takes for granted of its own it would take of this too.
    if (raft::normal(c) != c) fail();
    return c;
  }
  void entries(raft::append_request& m) {
    m.entries.resize(count(pack_entries_max, entry_size_min));
    auto expected = raft::entry_head{.term = m.previous.term, .index = m.previous.index + 1};
    for (auto& e : m.entries) {
      const auto kind = byte();
      if (kind > static_cast<std::uint8_t>(raft::entry_kind::configuration)) fail();
      e.kind = static_cast<raft::entry_kind>(kind);
      e.term = term(difference(expected.term.value()));
      e.index = log_index(difference(expected.index.value()));
      const auto first = difference(static_cast<std::uint64_t>(expected.first_offset.value()));
      e.first_offset = offset(static_cast<std::int64_t>(first));
      e.offset_count = static_cast<std::uint32_t>(number(32));
      e.size = static_cast<std::uint32_t>(number(32));
      if (!ok_) return;
      expected = e;
      ++expected.index;
      expected.first_offset = offset(static_cast<std::int64_t>(first + e.offset_count));
    }
    m.configurations.resize(count(m.entries.size(), configuration_size_min));
    for (auto& c : m.configurations) {
      c.index = log_index(number());
      c.members = members();
      if (!ok_) return;
    }
  }

 private:
  std::string_view& from_;
  bool ok_ = true;
};

std::uint8_t flags(bool first, bool second = false) {
  return static_cast<std::uint8_t>((first ? first_flag : 0) | (second ? second_flag : 0));
}

// Tag and flags of a message, and what follows the part that all have.
struct written {
  body_writer& to;

  void operator()(const raft::vote_request& m) const { to.id(m.last); }
  void operator()(const raft::vote_reply&) const {}
  void operator()(const raft::append_request& m) const {
    to.id(m.previous);
    to.number(m.commit.value());
    to.number(m.forgotten.value());
    to.entries(m);
  }
  void operator()(const raft::append_reply& m) const {
    to.number(m.match.value());
    to.number(m.previous.value());
    to.id(m.hint);
  }
  void operator()(const raft::heartbeat& m) const {
    to.number(m.commit.value());
    to.number(m.round);
    to.difference(m.everyone.value(), m.commit.value());
  }
  void operator()(const raft::heartbeat_reply& m) const {
    to.number(m.round);
    to.number(m.received.value());
    to.difference(m.stored.value(), m.received.value());
  }
  void operator()(const raft::install_snapshot& m) const {
    to.id(m.last);
    to.members(m.members);
    to.number(m.forgotten.value());
  }
  void operator()(const raft::timeout_now&) const {}
};

struct tagged {
  static std::uint8_t with(tag t, std::uint8_t flags) {
    return static_cast<std::uint8_t>(static_cast<std::uint8_t>(t) | flags);
  }
  std::uint8_t operator()(const raft::vote_request& m) const {
    return with(tag::vote_request, flags(m.pre_vote, m.forced));
  }
  std::uint8_t operator()(const raft::vote_reply& m) const {
    return with(tag::vote_reply, flags(m.granted, m.pre_vote));
  }
  std::uint8_t operator()(const raft::append_request&) const {
    return with(tag::append_request, 0);
  }
  std::uint8_t operator()(const raft::append_reply& m) const {
    return with(tag::append_reply, flags(m.accepted, m.starts_over));
  }
  std::uint8_t operator()(const raft::heartbeat& m) const {
    return with(tag::heartbeat, flags(m.rest));
  }
  std::uint8_t operator()(const raft::heartbeat_reply& m) const {
    return with(tag::heartbeat_reply, flags(m.rests));
  }
  std::uint8_t operator()(const raft::install_snapshot& m) const {
    return with(tag::install_snapshot, flags(m.starts_over));
  }
  std::uint8_t operator()(const raft::timeout_now&) const { return with(tag::timeout_now, 0); }
};

raft::append_request read_append(body_reader& from) {
  raft::append_request m;
  m.previous = from.id();
  m.commit = log_index(from.number());
  m.forgotten = log_index(from.number());
  from.entries(m);
  return m;
}

raft::append_reply read_append_reply(body_reader& from, bool accepted, bool starts_over) {
  raft::append_reply m{.accepted = accepted};
  m.starts_over = starts_over;
  m.match = log_index(from.number());
  m.previous = log_index(from.number());
  m.hint = from.id();
  return m;
}

raft::heartbeat_reply read_heartbeat_reply(body_reader& from, bool rests) {
  raft::heartbeat_reply m{.rests = rests};
  m.round = from.number();
  m.received = log_index(from.number());
  m.stored = log_index(from.difference(m.received.value()));
  return m;
}

void read_body(body_reader& from, std::uint8_t tag_byte, raft::message& m) {
  const bool first = (tag_byte & first_flag) != 0;
  const bool second = (tag_byte & second_flag) != 0;
  if ((tag_byte & 0xc0) != 0) return from.fail();
  switch (static_cast<tag>(tag_byte & 0x0f)) {
    case tag::vote_request:
      m.body = raft::vote_request{.last = from.id(), .pre_vote = first, .forced = second};
      return;
    case tag::vote_reply:
      m.body = raft::vote_reply{.granted = first, .pre_vote = second};
      return;
    case tag::append_request:
      m.body = read_append(from);
      return;
    case tag::append_reply:
      m.body = read_append_reply(from, first, second);
      return;
    case tag::heartbeat: {
      raft::heartbeat beat{.commit = log_index(from.number()), .rest = first};
      beat.round = from.number();
      beat.everyone = log_index(from.difference(beat.commit.value()));
      m.body = beat;
      return;
    }
    case tag::heartbeat_reply:
      m.body = read_heartbeat_reply(from, first);
      return;
    case tag::install_snapshot: {
      raft::install_snapshot snapshot{.last = from.id(), .members = from.members()};
      snapshot.forgotten = log_index(from.number());
      snapshot.starts_over = first;
      m.body = std::move(snapshot);
      return;
    }
    case tag::timeout_now:
      m.body = raft::timeout_now{};
      return;
  }
  from.fail();
}

}  // namespace

void write_raft_message(std::string& to, std::size_t topic_place, const raft_post& post) {
  const auto& body = post.message.body;
  const bool append = std::holds_alternative<raft::append_request>(body);
  weir_check(append || post.frames.empty(), "{} bytes of frames without entries",
             post.frames.size());
  body_writer w(to);
  w.byte(std::visit(tagged{}, body));
  w.number(topic_place);
  w.number(static_cast<std::uint32_t>(post.group.partition));
  w.number(post.message.term.value());
  std::visit(written{w}, body);
  if (append) w.number(post.frames.size());
}

std::optional<read_message> read_raft_message(std::string_view& from) {
  body_reader r(from);
  read_message out;
  const auto tag_byte = r.byte();
  out.topic_place = r.number(32);
  out.partition = static_cast<std::int32_t>(static_cast<std::uint32_t>(r.number(32)));
  out.message.term = term(r.number());
  read_body(r, tag_byte, out.message);
  if (std::holds_alternative<raft::append_request>(out.message.body)) {
    out.frames_size = r.number(32);
  }
  if (!r.ok()) return std::nullopt;
  return out;
}

}  // namespace weir::peer
