// Opening a replica: what consensus is told of the log that is there.
#include <seastar/core/coroutine.hh>

#include "core/base/check.h"
#include "engine/replica/replica.h"

namespace weir {
namespace {

raft::configuration members_of(const std::string& body, const std::string& name) {
  if (body.empty()) return {};
  auto members = raft::decode_configuration(body);
  if (!members)
    throw std::runtime_error(
        name +
        ": its members are unreadable: start the version of Weir that wrote them, or a newer "
        "one");
  return *std::move(members);
}

// In effect from where it was decided on, until what came into the log later.
void force(raft::stored_state& stored, log_index members_since,
           raft::placed_configuration decided) {
  auto& placed = stored.configurations;
  std::erase_if(placed, [&](const auto& c) { return c.index == decided.index; });
  if (decided.index <= stored.base.index) {
    if (members_since <= decided.index) stored.members = std::move(decided.members);
    return;
  }
  const auto later =
      std::ranges::upper_bound(placed, decided.index, {}, &raft::placed_configuration::index);
  placed.insert(later, std::move(decided));
}

bool is_alone(const raft::configuration& c, node_id self) {
  return c.voters.size() == 1 && c.voters.front() == self && !c.joint() && c.learners.empty();
}

}  // namespace

// The terms and configurations behind the base, those at the base, and who began: a group of this
// node alone where nothing else was ever written down.
raft::stored_state replica::stored_in(const store::partition_log& log, const replica_group& group) {
  const auto base = log.base();
  const auto& known = log.group();
  raft::stored_state out{
      .last_vote = {.term = log.last_vote().term, .voted_for = log.last_vote().voted_for},
      .base = {.term = base.term, .index = base.index},
      .last_index = log.last_index(),
      .members = known.began ? members_of(*known.began, log.name())
                             : raft::configuration{.voters = {group.self}},
      .committed = log.known_committed(),
      .forgotten = log.forgotten(),
      .held = {.term = known.held_term, .index = known.held_index}};
  for (const auto& entry : log.terms().entries()) {
    if (entry.first_index > log.last_index()) break;
    const auto first = std::max(entry.first_index, base.index + 1);
    if (!out.terms.empty() && out.terms.back().first == first) out.terms.pop_back();
    // What compaction took behind the base is of its term.
    if (out.terms.empty() && first > base.index + 1)
      out.terms.push_back({.term = base.term, .first = base.index + 1});
    if (first <= log.last_index()) out.terms.push_back({.term = entry.term, .first = first});
  }
  log_index since;
  for (const auto& placed : known.configurations) {
    auto members = members_of(placed.body, log.name());
    if (placed.index <= base.index) {
      out.members = std::move(members);
      since = placed.index;
    } else {
      out.configurations.push_back({.index = placed.index, .members = std::move(members)});
    }
  }
  if (known.forced)
    force(out, since,
          {.index = std::min(known.forced->index, log.last_index()),
           .members = members_of(known.forced->body, log.name())});
  return out;
}

replica::replica(std::unique_ptr<store::partition_log> log, replica_group group,
                 raft::stored_state stored, store::log_identity identity, replica_options options)
    : log_(std::move(log)),
      group_(std::move(group)),
      key_{identity.topic_id, identity.partition.value()},
      raft_(group_.self, stored, group_.options, group_.seed),
      options_(options),
      commit_(raft_.commit_index()),
      high_watermark_(log_->start_offset()),
      fibers_("replica of " + identity.name) {
  if (log_->last_index() > raft_.commit_index())
    uncommitted_.push_back({log_->last_index(), log_->next_offset()});
  else
    high_watermark_ = log_->next_offset();
  decided();
  log_->on_durable([this](log_index) { flushed(); });
}

replica::~replica() = default;

seastar::future<std::unique_ptr<replica>> replica::open(store::shared_store& shared,
                                                        replica_group group,
                                                        store::log_identity identity,
                                                        std::string directory,
                                                        replica_options options) {
  auto log = co_await store::partition_log::open(shared, identity, std::move(directory),
                                                 options.roll, options.producers_max);
  std::exception_ptr failed;
  raft::stored_state stored;
  try {
    // A log that is new: with others in its group it must know with whom it began before it
    // promises anything.
    const bool is_new =
        !log->group().began && log->last_index() == log_index{} && log->last_vote() == log::vote{};
    const auto members = raft::normal(group.members);
    if (is_new && !is_alone(members, group.self))
      co_await log->begin_group(members.voters.empty() ? std::string() : raft::encode(members));
    stored = stored_in(*log, group);
  } catch (...) {
    failed = std::current_exception();
  }
  if (failed) {
    co_await log->stop();
    std::rethrow_exception(failed);
  }
  std::unique_ptr<replica> opened(new replica(std::move(log), std::move(group), std::move(stored),
                                              std::move(identity), options));
  // An empty log of one voter has nothing that could be committed or not: it elects with its first
  // entry, in the same flush.
  if (!opened->alone()) {
    if (opened->group_.ticker && opened->group_.first) opened->raft_.stand_first(opened->now());
    opened->ask_for_time();
  } else if (opened->log_->last_index() > log_index{}) {
    opened->lead();
    co_await opened->commit_.wait_for(opened->raft_.last_index());
  }
  co_return std::move(opened);
}

// Alone in the set it leads at once, whatever the time.
void replica::lead() {
  perform(raft_.tick(now()));
}

bool replica::alone() const {
  return is_alone(raft_.members().members, group_.self);
}

}  // namespace weir
