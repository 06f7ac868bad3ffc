// How a replica performs effects: the log first, then the network, then news.
#include <seastar/core/coroutine.hh>

#include "core/base/check.h"
#include "core/raft/describe.h"
#include "engine/replica/replica.h"
#include "engine/replica/replica_log.h"

namespace weir {

seastar::logger replica_log("replica");

namespace {

constexpr std::chrono::milliseconds cut_pause{100};

log::frame_kind kind_of(const raft::entry_head& entry) {
  switch (entry.kind) {
    case raft::entry_kind::term_start:
      return log::frame_kind::term_start;
    case raft::entry_kind::configuration:
      return log::frame_kind::configuration;
    case raft::entry_kind::data:
      break;
  }
  weir_check(false, "entry {} of kind {} is nobody's", entry.index, static_cast<int>(entry.kind));
}

}  // namespace

// Every call of consensus that may need time afterwards comes here, or is wake().
void replica::perform(raft::effects out, given with) {
  take(std::move(out), std::move(with));
  ask_for_time();
}

void replica::take(raft::effects out, given with) {
  weir_check(!cutting_, "{}: effects while the log is cut", log_->name());
  if (out.fault) return leave_service(fmt::format("a peer's {}", raft::name(*out.fault)));
  if (out.truncate_after && (*out.truncate_after + 1 < log_->start_index() ||
                             *out.truncate_after < log_->compacted_through()))
    return leave_service(fmt::format(
        "what is committed would be cut off behind {}: the log starts at {} and is compacted up to "
        "{}",
        *out.truncate_after, log_->start_index(), log_->compacted_through()));
  if (out.reset || out.truncate_after) {
    stable_before_cut_ = last_stable_offset();
    cutting_ = true;
    fibers_.spawn("cut the log", [this, o = std::move(out), w = std::move(with)]() mutable {
      return cut(std::move(o), std::move(w));
    });
    return;
  }
  go_on(out, with);
}

void replica::go_on(raft::effects& out, given& with) {
  write_log(out, with);
  if (!takes_part()) return;
  send(out, with);
  tell_news(out);
  // Last, for a range that is in memory is shipped before this returns.
  for (const auto& request : out.ship) ship(request);
}

// The rest of the effects, and all that came meanwhile, when the log is cut.
seastar::future<> replica::cut(raft::effects out, given with) {
  if (!co_await cut_log(out, with)) co_return;
  cutting_ = false;
  if (stopped_) co_return;
  // What is left is on disk; nothing behind it was reported while that went on.
  perform(raft_.durable(log_->durable_index()));
  release_held();
  go_on(out, with);
  take_waiting();
}

// False: it never will be; the log has failed, or the replica stops.
seastar::future<bool> replica::cut_log(raft::effects& out, given& with) {
  const auto why = std::make_exception_ptr(leadership_lost(log_->name()));
  const auto keep = out.reset ? commit_.reached() : *out.truncate_after;
  commit_.refuse_above(keep, why);
  // What they say of the log is no longer so.
  std::erase_if(held_, [](const held_back& h) {
    return std::holds_alternative<raft::append_reply>(h.post.message.body);
  });
  while (true) {
    try {
      if (out.reset) {
        const auto& last = out.reset->last;
        const auto& members = out.reset->members;
        const auto held = out.held.value_or(raft::entry_id{});
        ++figures_.resets;
        co_await log_->reset({.base = {.index = last.index,
                                       .term = last.term,
                                       .next_offset = with.state->next_offset},
                              .members = members.voters.empty() ? "" : raft::encode(members),
                              .producers = with.state->producers,
                              .forgotten = out.reset->forgotten,
                              .held = {.index = held.index, .term = held.term}});
        uncommitted_.clear();
        // One that starts over has less than before.
        if (out.reset->starts_over) {
          commit_.retreat(last.index);
          high_watermark_ = log_->next_offset();
        }
        high_watermark_ = std::max(high_watermark_, log_->next_offset());
        decided();
      } else {
        ++figures_.truncations;
        co_await log_->truncate_after(keep);
        forget_behind(keep);
        decided();
      }
      co_return true;
    } catch (const store::no_space&) {
    } catch (const store::journal_unavailable&) {
    } catch (...) {
      if (!stopped_)
        leave_service(fmt::format("its log could not be cut: {}", std::current_exception()));
      co_return false;
    }
    if (co_await fibers_.stopped_within(cut_pause)) co_return false;
  }
}

void replica::forget_behind(log_index last) {
  const bool some = !uncommitted_.empty() && uncommitted_.back().index > last;
  while (!uncommitted_.empty() && uncommitted_.back().index > last) uncommitted_.pop_back();
  const bool ends_there = !uncommitted_.empty() && uncommitted_.back().index == last;
  // Of the entries that were there at the start only the last one's end was known.
  if (some && !ends_there && last > raft_.commit_index())
    uncommitted_.push_back({last, log_->next_offset()});
}

void replica::write_log(const raft::effects& out, const given& with) {
  if (out.save_vote) {
    const auto encoded =
        log::encode(log::vote{.term = out.save_vote->term, .voted_for = out.save_vote->voted_for});
    const fragments body(bytes::copy({encoded.data(), encoded.size()}));
    log_->append({.kind = log::frame_kind::vote,
                  .body_size = static_cast<std::uint32_t>(body.size()),
                  .body_crc = log::body_crc(body),
                  .term = out.save_vote->term,
                  .index = log_->last_index() + 1,
                  .base_offset = log_->next_offset(),
                  .append_time = log_->now()},
                 body, nullptr);
  }
  for (const auto& entry : out.append) {
    append_entry(entry, out, with);
    if (!takes_part()) return;
    uncommitted_.push_back({entry.index, log_->next_offset()});
  }
}

void replica::append_own(log::frame_kind kind, const raft::entry_head& entry,
                         const fragments& body) {
  log_->append({.kind = kind,
                .body_size = static_cast<std::uint32_t>(body.size()),
                .body_crc = body.empty() ? 0 : log::body_crc(body),
                .term = entry.term,
                .index = entry.index,
                .base_offset = log_->next_offset(),
                .append_time = log_->now()},
               body, nullptr);
}

void replica::append_entry(const raft::entry_head& entry, const raft::effects& out,
                           const given& with) {
  if (!with.frames.empty()) {
    const auto& frame = *std::ranges::lower_bound(
        with.frames, entry.index, {}, [](const log::carried_frame& f) { return f.head.index; });
    // Index and term of the entry before agree, so this could only be another log under its name.
    const bool hole = entry.index > log_->last_index() + 1;
    if (hole ? frame.head.base_offset <= log_->next_offset()
             : frame.head.base_offset != log_->next_offset())
      return leave_service(fmt::format("entry {} is at offset {} on its leader, {} comes next here",
                                       entry.index, frame.head.base_offset, log_->next_offset()));
    std::optional<record::batch_header> batch;
    if (frame.head.kind == log::frame_kind::batch) batch = *record::read_batch_header(frame.body);
    log_->append(frame.head, frame.body, batch ? &*batch : nullptr);
    return;
  }
  if (with.own && entry.kind == raft::entry_kind::data) {
    const auto& own = *with.own;
    log_->append({.kind = own.kind,
                  .body_size = entry.size,
                  .body_crc = own.batch ? own.batch->crc : log::body_crc(own.body),
                  .term = entry.term,
                  .index = entry.index,
                  .base_offset = log_->next_offset(),
                  .offset_count = entry.offset_count,
                  .append_time = own.now},
                 own.body, own.batch);
    return;
  }
  fragments body;
  for (const auto& placed : out.configurations) {
    if (placed.index == entry.index) body = fragments::copy(raft::encode(placed.members));
  }
  append_own(kind_of(entry), entry, body);
}

peer::raft_post replica::packed(raft::message m, const given& with) const {
  peer::raft_post out{.group = key_, .message = std::move(m), .frames = {}};
  if (const auto* append = std::get_if<raft::append_request>(&out.message.body)) {
    weir_check(append->entries.size() <= with.shipped.size(), "{}: {} entries of {} that were read",
               log_->name(), append->entries.size(), with.shipped.size());
    for (std::size_t i = 0; i < append->entries.size(); ++i)
      log::carry(out.frames, with.shipped[i].head, with.shipped[i].body);
  }
  return out;
}

void replica::post(peer::raft_post p) {
  ++figures_.messages_out;
  if (group_.outbox) group_.outbox->post(std::move(p));
}

void replica::send(raft::effects& out, const given& with) {
  for (auto* list : {&out.send, &out.heartbeats}) {
    for (auto& m : *list) post(packed(std::move(m), with));
  }
  const auto after = log_->appended();
  for (auto& m : out.send_once_durable) held_.push_back({after, packed(std::move(m), with)});
  release_held();
  for (auto& m : out.snapshots) {
    fibers_.spawn("ship a state",
                  [this, m = std::move(m)]() mutable { return ship_snapshot(std::move(m)); });
  }
}

// In the order in which they were held back.
void replica::release_held() {
  while (!held_.empty() && held_.front().after <= log_->appended_durably()) {
    auto p = std::move(held_.front().post);
    held_.pop_front();
    post(std::move(p));
  }
}

void replica::tell_news(const raft::effects& out) {
  if (out.leadership && out.leadership->role != raft::role::leader) {
    commit_.refuse_above(raft_.commit_index(),
                         std::make_exception_ptr(leadership_lost(log_->name())));
    verifications_.clear();
  }
  const bool unseen = out.commit && !move_commit(*out.commit);
  for (const auto& r : out.reads) {
    const auto found = reads_.find(r.id);
    if (found == reads_.end()) continue;
    auto done = std::move(found->second);
    reads_.erase(found);
    if (r.index) {
      done.set_value(*r.index);
    } else {
      done.set_value(std::unexpected(replica_error::not_leader));
    }
  }
  if (out.leadership)
    replica_log.debug("{}: {} in term {}, led by {}", log_->name(),
                      raft::name(out.leadership->role), out.leadership->term,
                      out.leadership->leader);
  if (out.members) {
    replica_log.debug("{}: {} since entry {}", log_->name(), raft::describe(out.members->members),
                      out.members->index);
  }
  const bool began = std::exchange(served_, raft_.serving()) != served_;
  if (out.leadership || out.members || !out.caught_up.empty() || began || unseen)
    group_news_.notify();
}

bool replica::move_commit(log_index to) {
  const auto before = high_watermark_;
  while (!uncommitted_.empty() && uncommitted_.front().index <= to) {
    high_watermark_ = uncommitted_.front().end;
    uncommitted_.pop_front();
  }
  // Before anybody hears of the commit: what is deleted must not be seen by who waits for it.
  follow_start();
  commit_.advance(to);
  if (high_watermark_ == before) return false;
  decided();
  news_.notify();
  return true;
}

// The log tells after each flush, within it.
void replica::flushed() {
  if (log_->failed()) {
    resign();
    commit_.fail(std::make_exception_ptr(storage_failed(log_->name())));
    refuse_reads();
    news_.notify();
    return;
  }
  // What was flushed while the log is cut may be what is cut off.
  if (cutting_ || !takes_part()) return;
  perform(raft_.durable(log_->durable_index()));
  release_held();
}

// Its followers may sleep, and rely on this broker as long as it is up.
void replica::resign() {
  if (cutting_ || stopped_ || raft_.current_role() != raft::role::leader) return;
  keep_awake();
  const auto reports = peers();
  const auto heir = std::ranges::max_element(
      reports, {}, [](const peer_report& p) { return p.voter ? p.match : log_index{}; });
  if (heir == reports.end() || !heir->voter) return;
  auto out = raft_.transfer(heir->node);
  if (!out) return;
  for (auto& m : out->send) post(packed(std::move(m), {}));
}

void replica::leave_service(std::string why) {
  if (!out_of_service_.empty()) return;
  resign();
  replica_log.error("{}: {}: this replica takes no part any more until a restart", log_->name(),
                    why);
  out_of_service_ = std::move(why);
  commit_.fail(std::make_exception_ptr(storage_failed(log_->name())));
  held_.clear();
  waiting_.clear();
  refuse_reads();
  news_.notify();
  group_news_.notify();
}

void replica::refuse_reads() {
  for (auto& [id, done] : std::exchange(reads_, {}))
    done.set_value(std::unexpected(replica_error::not_leader));
}

}  // namespace weir
