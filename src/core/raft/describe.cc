#include "core/raft/describe.h"

#include <fmt/format.h>

namespace weir::raft {
namespace {

std::string list(const std::vector<node_id>& nodes) {
  std::string out;
  for (const auto node : nodes) out += fmt::format("{}{}", out.empty() ? "" : " ", node);
  return out;
}

std::string describe(const vote_request& r) {
  return fmt::format("{}{}, last {}", r.pre_vote ? "pre-vote?" : "vote?",
                     r.forced ? " by the leader's wish" : "", describe(r.last));
}
std::string describe(const vote_reply& r) {
  return fmt::format("{} {}", r.pre_vote ? "pre-vote" : "vote", r.granted ? "yes" : "no");
}
std::string describe(const append_request& r) {
  auto out = fmt::format("append behind {}", describe(r.previous));
  for (const auto& entry : r.entries) out += " " + describe(entry_id{entry.term, entry.index});
  for (const auto& c : r.configurations) {
    out += fmt::format(", {} is {}", c.index, describe(c.members));
  }
  if (r.forgotten.value() != 0) out += fmt::format(", forgotten {}", r.forgotten);
  return out + fmt::format(", commit {}", r.commit);
}
std::string describe(const append_reply& r) {
  if (r.starts_over) return "starts over";
  return r.accepted ? fmt::format("stored {}", r.match)
                    : fmt::format("refused {}, try {}", r.previous, describe(r.hint));
}
std::string describe(const heartbeat& h) {
  return fmt::format("heartbeat {}, commit {}{}", h.round, h.commit, h.rest ? ", rest?" : "");
}
std::string describe(const heartbeat_reply& r) {
  return fmt::format("heard {}, received {}, stored {}{}", r.round, r.received, r.stored,
                     r.rests ? ", rests" : "");
}
std::string describe(const install_snapshot& s) {
  auto out = fmt::format("snapshot {} of {}", describe(s.last), describe(s.members));
  if (s.forgotten.value() != 0) out += fmt::format(", forgotten {}", s.forgotten);
  return s.starts_over ? out + ", start over" : out;
}
std::string describe(const timeout_now& /*unused*/) {
  return "stand now";
}

}  // namespace

std::string describe(entry_id entry) {
  return fmt::format("{}@{}", entry.index, entry.term);
}

std::string describe(const configuration& c) {
  auto out = "{" + list(c.voters);
  if (c.joint()) out += fmt::format(" from {}", list(c.old_voters));
  if (!c.learners.empty()) out += fmt::format(" learning {}", list(c.learners));
  return out + "}";
}

std::string describe(const message& m) {
  return fmt::format("{}->{} term {}: {}", m.from, m.to, m.term,
                     std::visit([](const auto& body) { return describe(body); }, m.body));
}

std::string_view name(role r) {
  switch (r) {
    case role::follower:
      return "follower";
    case role::pre_candidate:
      return "pre-candidate";
    case role::candidate:
      return "candidate";
    case role::leader:
      return "leader";
  }
  return "?";
}

std::string_view name(fault f) {
  switch (f) {
    case fault::malformed:
      return "malformed";
    case fault::conflict_with_commit:
      return "conflict with commit";
    case fault::match_beyond_log:
      return "match beyond log";
  }
  return "?";
}

std::string_view name(refusal r) {
  switch (r) {
    case refusal::not_leader:
      return "not the leader";
    case refusal::not_serving:
      return "not serving yet";
    case refusal::in_progress:
      return "another change is under way";
    case refusal::not_caught_up:
      return "a new voter has not caught up";
    case refusal::bad_target:
      return "bad target";
    case refusal::too_many:
      return "too many";
  }
  return "?";
}

}  // namespace weir::raft
