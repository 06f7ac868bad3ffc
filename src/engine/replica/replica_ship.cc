// What peers lack: ranges of the log, and the state where that is gone.
#include <seastar/core/coroutine.hh>

#include "engine/replica/replica.h"
#include "engine/replica/replica_log.h"

namespace weir {

void replica::ship(const raft::ship_request& request) {
  if (fibers_.stopping()) return;
  fibers_.spawn("ship", [this, request] { return read_and_ship(request); });
}

seastar::future<std::vector<store::kept_entry>> replica::read_for(
    const raft::ship_request& request) {
  try {
    auto got = co_await log_->read_entries({.from = request.from,
                                            .through = request.through,
                                            .bytes = request.bytes_max,
                                            .count = request.entries_max});
    if (got) co_return *std::move(got);
  } catch (...) {
    if (!stopped_)
      replica_log.warn("{}: entries from {} could not be read for {}: {}", log_->name(),
                       request.from, request.to, std::current_exception());
  }
  co_return std::vector<store::kept_entry>{};
}

// Consensus looks whether what was read is still its log.
seastar::future<> replica::read_and_ship(raft::ship_request request) {
  const bool far = raft_.last_index() - request.from >=
                   2ULL * group_.options.append_entries_max * group_.options.inflight_messages_max;
  auto* budget = far ? group_.catch_up : nullptr;
  seastar::semaphore_units<> units;
  if (budget) {
    const auto most = std::min<std::size_t>(request.bytes_max, budget->most);
    units = co_await seastar::get_units(budget->memory, most, fibers_.abort());
  }
  auto entries = co_await read_for(request);
  std::vector<raft::entry_head> heads;
  std::vector<raft::placed_configuration> configurations;
  std::uint64_t bytes = 0;
  heads.reserve(entries.size());
  for (const auto& e : entries) {
    raft::entry_head head{.term = e.head.term,
                          .index = e.head.index,
                          .first_offset = e.head.base_offset,
                          .offset_count = e.head.offset_count,
                          .size = e.head.body_size};
    if (e.head.kind == log::frame_kind::term_start) head.kind = raft::entry_kind::term_start;
    if (e.head.kind == log::frame_kind::configuration) {
      head.kind = raft::entry_kind::configuration;
      if (auto members = raft::decode_configuration(e.body.str()))
        configurations.push_back({.index = e.head.index, .members = *std::move(members)});
    }
    bytes += e.head.size();
    heads.push_back(head);
  }
  if (budget) {
    figures_.catch_up_bytes += bytes;
    co_await budget->pace.spend(bytes, fibers_.abort(), [this] { return stopped_; });
  }
  // Where the log is cut this is a leader no more, and nothing is asked of it.
  if (!takes_part() || cutting_) co_return;
  // Compaction may have been there since.
  tell_forgotten();
  auto out = raft_.ship(request.to, request.from, heads, std::move(configurations));
  perform(std::move(out), {.shipped = std::move(entries)});
}

seastar::future<> replica::ship_snapshot(raft::message m) {
  const auto to = m.to;
  const auto& install = std::get<raft::install_snapshot>(m.body);
  bool arrived = false;
  try {
    const auto base = log_->base();
    const auto producers = co_await log_->producers_at_base();
    std::optional<fragments> summary;
    if (group_.summary) summary = co_await group_.summary->read();
    const bool whole = !group_.summary || summary;
    // Trimmed further meanwhile: the next one is of there.
    if (whole && install.last.index == base.index && log_->base() == base && group_.outbox) {
      auto state = log::encode(log::carried_state{.next_offset = base.next_offset,
                                                  .producers = producers,
                                                  .summary = summary.value_or(fragments())});
      replica_log.debug("{}: {} gets the state at {}", log_->name(), to, base.index);
      arrived = co_await group_.outbox->ship({.group = key_, .message = m, .frames = {}},
                                             std::move(state));
    }
  } catch (...) {
    if (!stopped_)
      replica_log.warn("{}: a state could not be shipped to {}: {}", log_->name(), to,
                       std::current_exception());
  }
  if (!stopped_) raft_.snapshot_shipped(to, arrived);
}

void replica::tell_forgotten() {
  if (!cutting_ && takes_part()) raft_.forgot(std::min(log_->forgotten(), raft_.commit_index()));
}

// What lies before the first entry that can be given away is not consensus' any more.
void replica::tell_trimmed() {
  if (cutting_ || !takes_part()) return;
  const auto base = log_->base().index;
  if (base > raft_.log().base().index && base <= raft_.commit_index()) raft_.trimmed(base);
}

}  // namespace weir
