// What others ask of a replica: messages of its group, time, and changes of the group.
#include <seastar/core/coroutine.hh>

#include "core/base/check.h"
#include "core/raft/resting.h"
#include "engine/replica/replica.h"

namespace weir {
namespace {

// Of messages that came while the log is cut; Raft repeats what does not fit.
constexpr std::size_t waiting_max = 64;
constexpr std::size_t waiting_bytes_max = 8 << 20;

raft::entry_kind kind_of(log::frame_kind kind) {
  if (kind == log::frame_kind::term_start) return raft::entry_kind::term_start;
  if (kind == log::frame_kind::configuration) return raft::entry_kind::configuration;
  return raft::entry_kind::data;
}

bool same(const log::frame_head& frame, const raft::entry_head& head) {
  return frame.term == head.term && frame.index == head.index &&
         frame.base_offset == head.first_offset && frame.offset_count == head.offset_count &&
         frame.body_size == head.size && kind_of(frame.kind) == head.kind;
}

// Compaction takes batches alone, each of which took an offset at least. Without a hole in the
// indexes there is none in the offsets.
bool is_behind(const log::frame_head& next, log_index index, offset at) {
  if (next.index <= index) return next.index == index && next.base_offset == at;
  return next.base_offset > at &&
         static_cast<std::uint64_t>(next.base_offset - at) >= next.index - index;
}

bool is_told(const log::carried_frame& frame,
             const std::vector<raft::placed_configuration>& configurations) {
  if (frame.body.size() > log::configuration_size_max) return false;
  const auto members = raft::decode_configuration(frame.body.str());
  return members && std::ranges::contains(
                        configurations,
                        raft::placed_configuration{.index = frame.head.index, .members = *members});
}

// The frames of a message's entries, if they are what its heads say, each whole and at the offset
// behind the one before.
std::optional<std::vector<log::carried_frame>> frames_of(const peer::raft_post& post) {
  const auto* append = std::get_if<raft::append_request>(&post.message.body);
  const std::size_t wanted = append ? append->entries.size() : 0;
  if (append && !raft::well_formed(*append, post.message.term)) return std::nullopt;
  auto frames = log::take_carried(post.frames, wanted);
  if (!frames || frames->size() != wanted) return std::nullopt;
  for (std::size_t i = 0; i < wanted; ++i) {
    const auto& frame = (*frames)[i];
    if (!same(frame.head, append->entries[i])) return std::nullopt;
    if (i > 0) {
      const auto& before = (*frames)[i - 1].head;
      if (!is_behind(frame.head, before.next_index(), before.next_offset())) return std::nullopt;
    }
    if (frame.head.kind == log::frame_kind::batch && !record::read_batch_header(frame.body))
      return std::nullopt;
    if (frame.head.kind == log::frame_kind::configuration &&
        !is_told(frame, append->configurations))
      return std::nullopt;
  }
  return *std::move(frames);
}

change_error error_of(raft::refusal refusal) {
  switch (refusal) {
    case raft::refusal::not_leader:
      return change_error::not_leader;
    case raft::refusal::not_serving:
      return change_error::not_serving;
    case raft::refusal::in_progress:
    case raft::refusal::too_many:
      return change_error::in_progress;
    case raft::refusal::not_caught_up:
      return change_error::not_caught_up;
    case raft::refusal::bad_target:
      return change_error::bad_target;
  }
  weir_check(false, "refusal {}", static_cast<int>(refusal));
}

}  // namespace

void replica::receive(peer::raft_post post) {
  if (!takes_part()) return;
  ++figures_.messages_in;
  if (std::holds_alternative<raft::install_snapshot>(post.message.body)) {
    ++figures_.messages_bad;  // its state is missing
    return;
  }
  auto frames = frames_of(post);
  if (!frames) {
    ++figures_.messages_bad;
    return;
  }
  if (!cutting_) return step(std::move(post), {.frames = *std::move(frames)});
  const auto bytes = post.frames.size();
  if (waiting_.size() >= waiting_max || waiting_bytes_ + bytes > waiting_bytes_max) {
    ++figures_.messages_dropped;
    return;
  }
  waiting_bytes_ += bytes;
  waiting_.push_back({.post = std::move(post), .frames = *std::move(frames), .bytes = bytes});
}

void replica::take_waiting() {
  while (!waiting_.empty() && !cutting_ && takes_part()) {
    auto next = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_bytes_ -= next.bytes;
    step(std::move(next.post), {.frames = std::move(next.frames)});
  }
}

void replica::step(peer::raft_post post, given with) {
  if (raft::sleeps_through(raft_, post.message)) return;
  // A device that is behind, or full: the leader has it still.
  const bool full = !key_.topic_id.is_zero() && !log_->takes_data();
  if (!with.frames.empty() && (log_->is_behind() || full)) {
    ++figures_.messages_dropped;
    return;
  }
  keep_awake();
  perform(raft_.step(post.message), std::move(with));
}

seastar::future<bool> replica::receive_snapshot(peer::raft_post post, fragments state) {
  ++figures_.messages_in;
  if (!takes_part() || cutting_) co_return false;
  auto carried = log::decode_carried_state(state);
  const auto* install = std::get_if<raft::install_snapshot>(&post.message.body);
  const auto producers =
      carried ? log::producer_sequences::decode(carried->producers, options_.producers_max)
              : std::unexpected(log::log_error::cut_off);
  if (!install || !producers || producers->covers != install->last.index ||
      raft::normal(install->members) != install->members) {
    ++figures_.messages_bad;
    co_return false;
  }
  if (group_.summary) {
    const bool taken = co_await group_.summary->take(carried->summary);
    if (!taken) ++figures_.messages_bad;
    if (!taken || !takes_part() || cutting_) co_return false;
  }
  keep_awake();
  perform(raft_.step(post.message), {.state = *std::move(carried)});
  co_return true;
}

bool replica::tick(raft::milliseconds now) {
  if (!cutting_ && wants_time()) perform(raft_.tick(now));
  return wants_time();
}

// A lone voter with an empty log elects itself with its first entry.
bool replica::wants_time() const {
  return takes_part() && raft_.needs_time() && !(alone() && raft_.last_index() == log_index{});
}

// Whatever changed what a group waits for calls this. The other way round the ticker finds out by
// itself.
void replica::ask_for_time() {
  if (group_.ticker && wants_time()) group_.ticker->add(*this);
}

void replica::keep_awake() {
  if (raft_.asleep()) wake(now());
}

void replica::wake(raft::milliseconds heard) {
  if (!raft_.asleep()) return;
  raft_.wake(now(), heard);
  ask_for_time();
}

void replica::ask_leader() {
  if (!takes_part() || cutting_ || !raft_.asleep()) return;
  perform(raft_.ask_leader(now()));
}

void replica::leader_gone() {
  if (!takes_part() || cutting_ || alone() || raft_.current_role() == raft::role::leader) return;
  keep_awake();
  // The same on all members.
  const auto salt = key_.topic_id.low ^ (static_cast<std::uint64_t>(key_.partition) << 32U);
  raft_.leader_gone(now(), salt);
}

std::expected<void, change_error> replica::change(const raft::configuration& target) {
  if (!takes_part() || cutting_) return std::unexpected(change_error::not_leader);
  if (alone() && raft_.current_role() != raft::role::leader) lead();
  keep_awake();
  if (group_.ticker) perform(raft_.tick(now()));
  keep_awake();  // who has nobody to ask sleeps at once
  // Alone it moved its start without telling the log.
  if (alone() && start_offset() > log_->base().next_offset && raft_.accepts_proposals())
    (void)place_start(start_offset());
  auto out = raft_.change(target);
  if (!out) return std::unexpected(error_of(out.error()));
  perform(*std::move(out));
  return {};
}

std::expected<void, change_error> replica::transfer(node_id to) {
  if (!takes_part() || cutting_) return std::unexpected(change_error::not_leader);
  keep_awake();
  auto out = raft_.transfer(to);
  if (!out) return std::unexpected(error_of(out.error()));
  perform(*std::move(out));
  return {};
}

seastar::future<std::expected<log_index, replica_error>> replica::linearizable_read() {
  using answer = std::expected<log_index, replica_error>;
  const auto refused = [](replica_error why) {
    return seastar::make_ready_future<answer>(std::unexpected(why));
  };
  if (!takes_part() || cutting_) return refused(replica_error::not_leader);
  if (alone() && raft_.current_role() != raft::role::leader) lead();
  keep_awake();
  const auto id = next_read_++;
  auto out = raft_.read(id);
  if (!out) return refused(replica_error::not_leader);
  auto done = reads_[id].get_future();
  perform(*std::move(out));
  return done;
}

std::vector<peer_report> replica::peers() const {
  std::vector<peer_report> out;
  for (const auto node : members().members.members()) {
    const auto* p = raft_.peer(node);
    if (!p) continue;
    out.push_back({.node = node,
                   .voter = members().members.is_voter(node),
                   .match = p->match(),
                   .lag = raft_.last_index() - p->match(),
                   .caught_up = p->caught_up(),
                   .state = p->state(),
                   // One that sleeps has been heard of by other means.
                   .silent_for = raft_.asleep()
                                     ? raft::milliseconds{}
                                     : std::max(now() - p->heard(), raft::milliseconds{})});
  }
  return out;
}

}  // namespace weir
