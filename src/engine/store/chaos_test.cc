// Thousands of seeded runs of the store on a bad device. A failure prints its seed: WEIR_SEED=n
// runs that one alone, WEIR_SEEDS=n so many.
#include "engine/store/chaos_test.h"

#include <seastar/core/coroutine.hh>

#include <cstdlib>

namespace weir::store {
namespace {

constexpr std::uint64_t seeds_default = 1000;

std::optional<std::uint64_t> number_from(const char* name) {
  const char* given = std::getenv(name);
  if (!given || *given == 0) return std::nullopt;
  return std::strtoull(given, nullptr, 10);
}

}  // namespace

chaos_run::chaos_run(std::uint64_t seed, chaos_plan plan)
    : seed_(seed), plan_(plan), random_(seed), m_(seed, machine::small_cache, plan.open_most) {
  m_.shared.checkpoint_bytes = plan_.checkpoint_bytes;
  for (int i = 0; i < plan_.logs; ++i)
    logs_.push_back(
        {.log = std::make_unique<kept_log>(m_, i), .cut_at_least = log_index(UINT64_MAX)});
}

void chaos_run::require(bool good, const tracked& t, const std::string& what) {
  BOOST_REQUIRE_MESSAGE(good, "WEIR_SEED=" << seed_ << ": life " << life_ << ", trouble "
                                           << static_cast<int>(now_) << ", log "
                                           << t.log->partition.value() << ": " << what);
}

void chaos_run::note_durable() {
  for (auto& t : logs_) {
    if (!t.log->log) continue;
    t.durable = std::max(t.durable, t.log->log->durable_index());
    const auto through = t.log->log->appended_durably();
    while (t.votes.size() > 1 && t.votes[1].durable_at <= through) t.votes.erase(t.votes.begin());
  }
}

seastar::future<> chaos_run::open() {
  co_await m_.files.make_directories("/data/topics");
  if (plan_.journal_bytes) {
    co_await replay_journals(m_.files, "/data", 1, [this] { return m_.random(); });
    journal_.emplace(m_.files, "/data/journal", 0, *plan_.journal_bytes,
                     [this] { return m_.random(); });
    m_.shared.small_writes = &*journal_;
  }
  if (plan_.with_remover) {
    remover_.emplace(m_.files);
    m_.shared.remover = &*remover_;
  }
  for (auto& t : logs_) co_await t.log->open(plan_.segment_bytes);
}

// A start may be cut short as well.
seastar::future<> chaos_run::open_again(bool room) {
  m_.files.faults = {.short_read = plan_.short_read, .delay_max = plan_.delay_max};
  for (bool again = random_() % 3 == 0; again; again = random_() % 3 == 0) {
    m_.files.power_on();
    m_.files.faults.crash_at = m_.files.calls() + 1 + random_() % 12;
    try {
      co_await open();
    } catch (const std::exception&) {
      BOOST_REQUIRE_MESSAGE(m_.files.off(), "WEIR_SEED=" << seed_ << ": a start failed: "
                                                         << std::current_exception());
    }
    if (!m_.files.off()) m_.files.crash();
    co_await stop();
    m_.files.faults.crash_at = 0;
    room = true;  // the power took back what was not flushed, the journal's claim on it included
  }
  m_.files.power_on();
  if (!room) m_.files.faults.capacity = m_.files.used();
  co_await open();
  m_.files.faults.capacity = UINT64_MAX;
}

seastar::future<> chaos_run::stop() {
  for (auto& t : logs_) {
    if (t.log->log) co_await t.log->log->stop();
    note_durable();
    co_await end_pass(t);
    t.log->log.reset();
  }
  if (remover_) co_await remover_->stop();
  if (journal_) co_await journal_->stop();
  m_.shared.remover = nullptr;
  m_.shared.small_writes = nullptr;
  remover_.reset();
  journal_.reset();
}

void chaos_run::make_trouble(trouble what) {
  auto& f = m_.files.faults;
  f = {.short_read = plan_.short_read, .delay_max = plan_.delay_max};
  now_ = of_life_ = what;
  switch (what) {
    case trouble::none:
      return;
    case trouble::io_errors:
      for (auto& p : f.io_error) p = random_() % 3 == 0 ? 0.03 : 0;
      return;
    case trouble::no_space:
      for (const auto c :
           {file_call::create, file_call::write, file_call::preallocate, file_call::rename})
        f.no_space_of(c) = random_() % 2 == 0 ? 0.2 : 0;
      return;
    case trouble::small_device:
      f.capacity = m_.files.used() + random_() % 400'000;
      return;
    case trouble::crash_anywhere:
      f.crash_at = m_.files.calls() + 1 + random_() % 250;
      return;
    case trouble::flips:
      f.flipped_read = 0.05;
      return;
  }
}

seastar::future<> chaos_run::calm() {
  m_.files.faults = {.short_read = plan_.short_read, .delay_max = plan_.delay_max};
  // A block that comes back otherwise the second time is not written back.
  const bool may_fail =
      now_ == trouble::io_errors || now_ == trouble::crash_anywhere || now_ == trouble::flips;
  now_ = trouble::none;
  m_.shared.space.found(log::space_level::roomy, UINT64_MAX, true);
  m_.shared.space.retry();
  for (auto& t : logs_) {
    auto& log = *t.log->log;
    require(may_fail || !log.failed(), t, "failed, though the device did not");
    if (log.failed()) continue;
    const auto done = [&log] {
      return log.failed() || (log.durable_index() == log.last_index() && !log.waits_for_space());
    };
    for (int turn = 0; turn < 20'000 && !done(); ++turn) {
      // A flush that was refused just before the trouble ended asks once more, as from a look at
      // the device on.
      m_.shared.space.retry();
      co_await seastar::yield();
    }
    require(log.failed() ? may_fail : log.durable_index() == log.last_index(), t,
            fmt::format("{} of {} became durable when the trouble was over; {} wait for room",
                        log.durable_index(), log.last_index(), m_.shared.space.waiting()));
    require(!log.waits_for_space(), t, "still waits for room");
    append(t);
  }
  note_durable();
}

seastar::future<> chaos_run::live(trouble what) {
  make_trouble(what);
  if (plan_.crash_at > 0 && life_ == 0) m_.files.faults.crash_at = plan_.crash_at;
  for (unsigned i = 0; i < plan_.steps && !m_.files.off(); ++i)
    co_await step(logs_[random_() % logs_.size()]);
  if (!m_.files.off() && random_() % 2 == 0) co_await calm();
  note_durable();
  for (const auto& t : logs_) trace_ = (trace_ ^ t.durable.value()) * 1099511628211ULL;
}

seastar::future<> chaos_run::check(tracked& t) {
  const auto& log = *t.log->log;
  const auto least = std::min(t.durable, t.cut_at_least);
  require(log.last_index() >= least, t, fmt::format("ends at {} of {}", log.last_index(), least));
  require(
      log.start_offset() >= t.start && log.start_offset() <= std::max(t.start, t.start_at_most), t,
      fmt::format("starts at {}, not in {} to {}", log.start_offset(), t.start, t.start_at_most));
  require(log.next_offset().value() == static_cast<std::int64_t>(log.last_index().value()), t,
          "offsets and indexes parted");
  const auto voted = std::ranges::find(t.votes, log.last_vote(), &tracked::cast::vote);
  require(voted != t.votes.end(), t,
          fmt::format("the vote is that of term {}", log.last_vote().term));
  t.votes = {{.vote = log.last_vote(), .durable_at = 0}};
  const auto end = static_cast<std::size_t>(log.next_offset().value());
  require(end <= t.log->bodies.size(), t,
          fmt::format("{} entries, {} were appended", end, t.log->bodies.size()));
  t.log->bodies.resize(end);
  t.records.resize(end);
  for (auto at = log.start_offset(); at < log.next_offset();) {
    const auto got = co_await t.log->log->read(at, {.below = log.next_offset(), .bytes = 10'000});
    require(got.has_value(), t, fmt::format("can't be read at {}", at));
    // The last record is the newest of its key.
    require(got->next > at, t, fmt::format("nothing is left from {} to {}", at, log.next_offset()));
    compare(t, got->batches, at, got->next);
    at = got->next;
  }
  t.durable = log.last_index();
  t.start = log.start_offset();
  t.start_at_most = t.start;
  t.cut_at_least = log_index(UINT64_MAX);
}

seastar::future<> chaos_run::run() {
  std::exception_ptr failed;
  try {
    co_await whole_run();
  } catch (...) {
    failed = std::current_exception();
  }
  if (!failed) co_return;
  if (!m_.files.off()) m_.files.crash();
  co_await stop();
  BOOST_FAIL("WEIR_SEED=" << seed_ << ", life " << life_ << ": " << failed);
}

seastar::future<> chaos_run::whole_run() {
  co_await open();
  for (life_ = 0; life_ < plan_.lives; ++life_) {
    co_await live(plan_.only.value_or(static_cast<trouble>(random_() % 6)));
    // The power goes, or the process is asked to stop, in the middle of the trouble or after it.
    // Or the process is killed.
    const auto end = random_() % 4;
    bool killed = !m_.files.off() && end == 0;
    if (killed) m_.files.kill();
    const bool crash = m_.files.off() || end == 1;
    if (crash && !m_.files.off()) m_.files.crash();
    if (!crash && now_ == trouble::flips) m_.files.faults.flipped_read = 0;
    co_await stop();
    if (!m_.files.off() && random_() % 3 == 0) m_.files.crash();
    now_ = trouble::none;
    // A loss of power may give back what was taken, so only others start without room.
    co_await open_again(!killed || random_() % 2 == 0);
    for (auto& t : logs_) co_await check(t);
  }
  co_await stop();
}

namespace {

seastar::future<> run_seed(std::uint64_t seed) {
  chaos_run run(seed, draw_plan(seed));
  co_await run.run();
}

SEASTAR_TEST_CASE(whatever_the_device_does_nothing_durable_is_lost) {
  if (const auto one = number_from("WEIR_SEED")) co_return co_await run_seed(*one);
  const auto count = number_from("WEIR_SEEDS").value_or(seeds_default);
  for (std::uint64_t seed = 1; seed <= count; ++seed) co_await run_seed(seed);
}

// A run is made once to count its calls, then the power goes at each of them.
SEASTAR_TEST_CASE(the_power_may_go_at_every_call) {
  if (number_from("WEIR_SEED")) co_return;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    auto plan = draw_plan(seed);
    plan.lives = 1;
    plan.only = trouble::none;
    chaos_run whole(seed, plan);
    co_await whole.run();
    for (std::uint64_t call = 1; call <= whole.calls(); ++call) {
      plan.crash_at = call;
      chaos_run cut(seed, plan);
      co_await cut.run();
    }
  }
}

SEASTAR_TEST_CASE(a_seed_runs_the_same_way_twice) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    chaos_run one(seed, draw_plan(seed));
    co_await one.run();
    chaos_run two(seed, draw_plan(seed));
    co_await two.run();
    BOOST_REQUIRE_EQUAL(one.calls(), two.calls());
    BOOST_REQUIRE_EQUAL(one.trace(), two.trace());
  }
}

}  // namespace
}  // namespace weir::store
