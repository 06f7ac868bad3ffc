// What is done to the logs of a chaos run.
#include "core/record/batches.h"
#include "engine/store/chaos_test.h"

namespace weir::store {

chaos_plan draw_plan(std::uint64_t seed) {
  std::mt19937_64 random(seed * 31 + 7);
  const auto one_of = [&](auto... values) {
    const std::array all{values...};
    return all[random() % all.size()];
  };
  chaos_plan plan;
  plan.logs = one_of(1, 2, 3, 4);
  plan.segment_bytes = one_of(12 * 1024, 24 * 1024, 64 * 1024, 256 * 1024);
  plan.journal_bytes = one_of(64 * 1024, 96 * 1024, 256 * 1024);
  if (random() % 4 == 0) plan.journal_bytes.reset();
  plan.with_remover = random() % 2 == 0;
  plan.with_compaction = random() % 2 == 0;
  plan.checkpoint_bytes = one_of(4 << 10, 20 << 10, 16 << 20);
  plan.open_most = one_of(std::size_t(1), std::size_t(3), machine::many_files);
  plan.delay_max = one_of(0U, 0U, 2U, 6U);
  plan.short_read = one_of(0.0, 0.0, 0.3);
  return plan;
}

void chaos_run::append(tracked& t) {
  auto& log = *t.log->log;
  // Commands are appended when data is not.
  if (log.failed() || (!log.takes_data() && random_() % 8 != 0)) return;
  if (random_() % 25 == 0) t.term = t.term + 1;
  if (random_() % 30 == 0) vote(t);
  const auto key = static_cast<std::uint8_t>(random_() % 10);
  t.records.resize(static_cast<std::size_t>(log.next_offset().value()));
  t.records.push_back({.key = key, .term = t.term});
  t.log->append_one(random_() % (random_() % 12 == 0 ? 30'000 : 1'500), t.term,
                    fmt::format("k{}", key));
}

void chaos_run::vote(tracked& t) {
  t.term = t.term + 1;
  const log::vote cast{.term = t.term, .voted_for = node_id(static_cast<int>(random_() % 5))};
  t.log->save_vote(cast);
  t.votes.push_back({.vote = cast, .durable_at = t.log->log->appended()});
}

void chaos_run::compare(const tracked& t, const fragments& batches, offset from, offset next) {
  const auto& log = *t.log->log;
  std::array<offset, 10> newest;
  newest.fill(offset(-1));
  for (offset at{0}; at < t.compacted; at = at + 1)
    newest[t.records[static_cast<std::size_t>(at.value())].key] = at;
  record::batch_walk walk(batches);
  auto at = from;
  while (true) {
    const auto batch = walk.next();
    require(batch.has_value(), t, "no batches were read");
    const auto found = *batch ? (*batch)->header.base_offset : next;
    require(found >= at && found <= next, t, fmt::format("{} was read behind {}", found, at));
    for (; at < found; at = at + 1)
      require(at < newest[t.records[static_cast<std::size_t>(at.value())].key], t,
              fmt::format("the record at {} is gone", at));
    if (!*batch) break;
    const auto place = static_cast<std::size_t>(at.value());
    // The last of a compacted file stays as a header where a newer one replaces its record.
    const bool replaced = (*batch)->header.record_count == 0 && at < newest[t.records[place].key];
    require(replaced || (*batch)->all.str() == t.log->bodies[place], t,
            fmt::format("other bytes were read at {} than were written", at));
    require(log.terms().term_at(log_index(place + 1)) == t.records[place].term, t,
            fmt::format("the record at {} is in another term", at));
    at = at + 1;
  }
  require(walk.left() == 0, t, "more was read than batches");
}

seastar::future<> chaos_run::one_pass(tracked& t) {
  auto& log = *t.log->log;
  compaction_work work{.rules = {.enabled = true, .dirty_ratio_min = random_() % 2 == 0 ? 0 : 0.4},
                       .bounds = {.committed = log.durable_index(), .stable = log.next_offset()},
                       .segment_bytes = plan_.segment_bytes,
                       .memory = 1 << 20};
  t.compacted =
      std::max(t.compacted, offset(static_cast<std::int64_t>(log.durable_index().value())));
  try {
    co_await log.compact(work);
  } catch (const compaction_stopped&) {
  } catch (const no_space&) {
  } catch (const std::exception&) {
    // The trouble may be over when a pass has cleaned up behind itself.
    require(calls_may_fail() || log.failed() || of_life_ != trouble::none, t,
            fmt::format("a pass failed: {}", std::current_exception()));
  }
}

// Beside whatever comes next.
void chaos_run::compact(tracked& t) {
  if (!plan_.with_compaction || t.log->log->failed()) return;
  if (t.pass && !t.pass->available()) return;
  if (t.pass) t.pass->get();
  t.pass = one_pass(t);
}

seastar::future<> chaos_run::end_pass(tracked& t) {
  if (!t.pass) co_return;
  auto pass = std::move(*t.pass);
  t.pass.reset();
  co_await std::move(pass);
}

seastar::future<> chaos_run::some_turns(std::uint64_t most) {
  for (auto turns = random_() % (most + 1); turns > 0; --turns) co_await seastar::yield();
}

seastar::future<> chaos_run::read_some(tracked& t) {
  const auto& log = *t.log->log;
  const auto start = log.start_offset();
  const auto end = log.next_offset();
  if (start >= end) co_return;
  const auto from = offset(
      start.value() + static_cast<std::int64_t>(
                          random_() % static_cast<std::uint64_t>(end.value() - start.value())));
  std::expected<read_result, read_fault> got;
  try {
    got = co_await t.log->log->read(from, {.below = end, .bytes = random_() % 8000});
  } catch (const std::exception&) {
    require(calls_may_fail(), t, "a read failed");
    co_return;
  }
  if (!got) {
    // A failed log may have lost what it never promised.
    require(now_ == trouble::flips || log.failed() || got.error() == read_fault::out_of_range, t,
            "read as damaged");
    co_return;
  }
  compare(t, got->batches, from, got->next);
  trace_ = (trace_ ^ got->batches.size()) * 1099511628211ULL;
}

seastar::future<> chaos_run::look_up(tracked& t) {
  const auto end = t.log->log->next_offset();
  try {
    const auto found =
        co_await t.log->log->find_time(timestamp(m_.clock - static_cast<int>(random_() % 50)), end);
    require(found.has_value() || now_ == trouble::flips || t.log->log->failed() ||
                found.error() == read_fault::out_of_range,
            t, "a look-up met damage");
  } catch (const std::exception&) {
    require(calls_may_fail(), t, "a look-up failed");
  }
}

seastar::future<> chaos_run::truncate(tracked& t) {
  auto& log = *t.log->log;
  if (log.failed() || log.last_index() < log_index(2)) co_return;
  const auto first =
      static_cast<std::uint64_t>(std::max(log.start_offset() + 1, t.compacted).value());
  const auto last = log.last_index().value();
  if (last <= first) co_return;
  const log_index to(std::max(first, last - random_() % std::min<std::uint64_t>(last - first, 30)));
  t.cut_at_least = std::min(t.cut_at_least, to);
  bool cut = false;
  try {
    co_await log.truncate_after(to);
    cut = true;
  } catch (const no_space&) {
  } catch (const journal_unavailable&) {
  } catch (const std::exception&) {
    require(calls_may_fail(), t, "a truncation failed");
  }
  if (cut) {
    t.log->bodies.resize(static_cast<std::size_t>(log.next_offset().value()));
    t.records.resize(t.log->bodies.size());
    t.durable = log.last_index();
    require(log.last_index() == to, t, "a truncation went elsewhere");
  }
  // One that did not happen, and said so, took nothing; one that was cut short may have.
  if (cut || !(log.failed() || m_.files.off())) t.cut_at_least = log_index(UINT64_MAX);
}

seastar::future<> chaos_run::delete_below(tracked& t) {
  auto& log = *t.log->log;
  if (log.failed()) co_return;
  const auto committed = log.durable_index();
  const offset end(static_cast<std::int64_t>(committed.value()));
  if (end <= log.start_offset()) co_return;
  const auto span = static_cast<std::uint64_t>(end.value() - log.start_offset().value());
  const offset before(log.start_offset().value() + static_cast<std::int64_t>(random_() % span));
  t.start_at_most = std::max(t.start_at_most, before);
  try {
    const auto done = co_await log.delete_below(before, end, committed);
    require(done.has_value(), t, "a deletion was refused");
    require(log.start_offset() >= before, t, "a deletion did not move the start");
    t.start = std::max(t.start, before);
  } catch (const no_space&) {
  } catch (const std::exception&) {
    require(calls_may_fail(), t, "a deletion failed");
  }
}

seastar::future<> chaos_run::retention(tracked& t) {
  auto& log = *t.log->log;
  const auto committed = log.durable_index();
  t.start_at_most = std::max(t.start_at_most, offset(static_cast<std::int64_t>(committed.value())));
  try {
    // Everything at times: what is left then must still know where the log goes on.
    const bool all = random_() % 4 == 0;
    co_await log.enforce_retention(
        {.bytes = all ? 0 : static_cast<std::int64_t>(random_() % 200'000), .ms = all ? 0 : -1},
        committed);
    if (!log.failed()) t.start = std::max(t.start, log.start_offset());
  } catch (const no_space&) {
  } catch (const std::exception&) {
    require(calls_may_fail(), t, "retention failed");
  }
}

seastar::future<> chaos_run::step(tracked& t) {
  const auto what = random_() % 42;
  m_.clock += 1;
  if (what < 22) {
    append(t);
  } else if (what < 28) {
    co_await some_turns(12);
  } else if (what < 34) {
    co_await read_some(t);
  } else if (what < 35) {
    co_await look_up(t);
  } else if (what < 37) {
    co_await truncate(t);
  } else if (what < 38) {
    co_await delete_below(t);
  } else if (what < 39) {
    co_await retention(t);
  } else if (what < 40) {
    m_.shared.space.retry();
  } else {
    compact(t);
  }
  note_durable();
}

}  // namespace weir::store
