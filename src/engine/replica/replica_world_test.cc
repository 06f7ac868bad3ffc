#include "engine/replica/replica_world_test.h"

#include <seastar/core/coroutine.hh>
#include <seastar/util/later.hh>

#include "core/record/batch_builder.h"
#include "core/record/batches.h"

namespace weir {
namespace {

constexpr uuid topic{1, 2};
constexpr std::int64_t step_ms = 10;
constexpr unsigned turns_a_step = 6;

}  // namespace

struct replica_world::outbox final : peer::raft_outbox {
  outbox(replica_world& w, int from) : world(w), id(from) {}
  void post(peer::raft_post p) override {
    world.send({.post = std::move(p), .state = {}, .taken = {}});
  }
  seastar::future<bool> ship(peer::raft_post p, fragments state) override {
    auto taken = std::make_shared<seastar::promise<bool>>();
    auto done = taken->get_future();
    world.members_[static_cast<std::size_t>(id - 1)].shipping.push_back(taken);
    world.send({.post = std::move(p), .state = std::move(state), .taken = taken});
    return done;
  }
  replica_world& world;
  int id;
};

replica_world::replica_world(std::uint64_t seed, world_plan plan)
    : seed_(seed),
      plan_(plan),
      random_(seed * 6364136223846793005ULL + 1),
      producers_(4),
      transactors_(static_cast<std::size_t>(plan.transactors)) {
  for (std::size_t i = 0; i < transactors_.size(); ++i)
    transactors_[i].version = i % 2 == 0 ? 1 : 2;
  for (int i = 0; i < plan_.voters + plan_.spares; ++i) {
    member m;
    m.id = i + 1;
    m.m = std::make_unique<store::machine>(seed * 100 + static_cast<std::uint64_t>(i));
    m.m->shared.checkpoint_bytes = 8 << 10;
    m.m->shared.aborted_transactions_max = plan_.aborted_max;
    members_.push_back(std::move(m));
  }
}

replica_world::~replica_world() = default;

void replica_world::require(bool good, const std::string& what) const {
  BOOST_REQUIRE_MESSAGE(good, "WEIR_SEED=" << seed_ << " at " << now_ << " ms: " << what);
}

seastar::future<> replica_world::open(int node) {
  auto& m = members_[static_cast<std::size_t>(node - 1)];
  m.changing = true;
  ++m.life;
  m.m->files.faults.delay_max = plan_.disk_delay_max;
  m.ticker = std::make_unique<replica_ticker>();
  m.ticker->tick(raft::milliseconds(now_));
  m.out = std::make_unique<outbox>(*this, node);
  m.catch_up.reset();
  if (plan_.catch_up_bytes > 0)
    m.catch_up = std::make_unique<catch_up_budget>(plan_.catch_up_bytes,
                                                   [] { return log::byte_rate::unlimited; });
  co_await m.m->files.make_directories("/data/topics");
  if (plan_.with_journal) {
    auto* machine = m.m.get();
    const auto draw = [machine] { return machine->random(); };
    co_await store::replay_journals(m.m->files, "/data", 1, draw);
    m.journal = std::make_unique<store::journal>(m.m->files, "/data/journal", 0, 64 << 10, draw);
    m.m->shared.small_writes = m.journal.get();
  }
  replica_group group{.self = node_id(node),
                      .options = {.rest = plan_.rest,
                                  .inflight_messages_max = plan_.inflight,
                                  .append_bytes_max = plan_.append_bytes},
                      .seed = seed_ * 31 + static_cast<std::uint64_t>(node),
                      .outbox = m.out.get(),
                      .ticker = m.ticker.get(),
                      .catch_up = m.catch_up.get()};
  if (node <= plan_.voters) {
    for (int v = 1; v <= plan_.voters; ++v) group.members.voters.emplace_back(v);
  }
  m.r = co_await replica::open(
      m.m->shared, std::move(group), {.name = fmt::format("t-0 of {}", node), .topic_id = topic},
      fmt::format("/data/topics/t.{}/0", topic),
      {.roll = {.segment_bytes = plan_.segment_bytes},
       .retention = {.bytes = -1, .ms = -1},
       .compaction = {.enabled = plan_.compact > 0, .dirty_ratio_min = 0, .tombstone_ms = 300}});
  m.commit = {};
  m.high_watermark = m.stable = offset(0);
  m.heard.clear();
  m.changing = false;
}

seastar::future<> replica_world::close(member& m) {
  m.changing = true;
  for (auto& taken : std::exchange(m.shipping, {})) taken->set_value(false);
  if (m.r) {
    co_await m.r->stop();
    co_await m.r->unused();
    m.r.reset();
  }
  if (m.journal) co_await m.journal->stop();
  m.m->shared.small_writes = nullptr;
  m.journal.reset();
}

seastar::future<> replica_world::crash(int node) {
  auto& m = members_[static_cast<std::size_t>(node - 1)];
  m.m->files.crash();
  // Nobody has one across the end of its process. Of a lone voter that had nothing on its disk the
  // terms and indexes come again.
  for (auto& x : transactors_) {
    x.given.reset();
    x.stale.reset();
  }
  co_await close(m);
  m.m->files.power_on();
}

seastar::future<> replica_world::open_all() {
  for (int i = 1; i <= nodes(); ++i) co_await open(i);
}

seastar::future<> replica_world::stop_all() {
  queue_.clear();
  for (auto& m : members_) co_await close(m);
  co_await work_.close();
}

void replica_world::send(packet p) {
  const auto from = p.post.message.from.value();
  const auto to = p.post.message.to.value();
  const bool lost = cuts_.contains({from, to}) || chance(plan_.loss);
  if (lost && !p.taken) return;
  const auto again = !p.taken && chance(plan_.repeat);
  const auto delay = [&] {
    const auto most = chance(0.05) ? plan_.delay_max * 10 : plan_.delay_max;
    return now_ + 1 + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(most));
  };
  if (again) queue_.emplace(delay(), p);
  queue_.emplace(delay(), std::move(p));
}

seastar::future<> replica_world::deliver(packet p) {
  const auto from = p.post.message.from.value();
  const auto to = p.post.message.to.value();
  require(to >= 1 && to <= nodes(), "a message to nobody");
  auto& m = members_[static_cast<std::size_t>(to - 1)];
  const bool there = m.r && !m.changing && !cuts_.contains({from, to});
  if (!p.taken) {
    if (there) m.r->receive(std::move(p.post));
    co_return;
  }
  const bool taken =
      there && co_await m.r->receive_snapshot(std::move(p.post), std::move(*p.state));
  auto& sender = members_[static_cast<std::size_t>(from - 1)];
  // Answered already where the sender has ended.
  if (std::erase(sender.shipping, p.taken) > 0) p.taken->set_value(taken);
}

void replica_world::spawn(seastar::future<> work) {
  (void)[](replica_world & w, seastar::gate::holder, seastar::future<> f)->seastar::future<> {
    try {
      co_await std::move(f);
    } catch (...) {
      if (!w.failed_) w.failed_ = std::current_exception();
    }
  }
  (*this, work_.hold(), std::move(work));
}

seastar::future<> replica_world::step() {
  now_ += step_ms;
  while (!queue_.empty() && queue_.begin()->first <= now_) {
    auto p = std::move(queue_.begin()->second);
    queue_.erase(queue_.begin());
    co_await deliver(std::move(p));
  }
  for (auto& m : members_) {
    m.m->clock += step_ms;
    if (m.r && !m.changing) m.ticker->tick(raft::milliseconds(now_));
  }
  if (plan_.rest) hear_beats();
  for (unsigned i = 0; i < turns_a_step; ++i) co_await seastar::yield();
  if (failed_) std::rethrow_exception(failed_);
  check_step();
}

// What the shell of each node does with the beats of the others, for the groups that sleep.
void replica_world::hear_beats() {
  for (auto& m : members_) {
    if (!m.r || m.changing) continue;
    const auto leader = m.r->leadership().leader.value();
    bool anew = false;
    for (const auto& other : members_) {
      if (other.id == m.id || !other.r || other.changing || cuts_.contains({other.id, m.id}))
        continue;
      auto& known = m.heard[other.id];
      const bool begun = known.life != 0 && known.life != other.life;
      known = {now_, other.life};
      if (begun && leader == other.id) m.r->leader_gone();
      anew |= begun && leader == m.id;
    }
    const auto hears = [&](node_id node) {
      return now_ - m.heard[node.value()].at <= raft::raft_options().election_min.count();
    };
    if (chance(plan_.alarm)) m.r->leader_gone();
    if (!m.r->asleep() || (m.r->core().may_sleep(hears) && !anew)) continue;
    leader == m.id ? m.r->wake({}) : m.r->leader_gone();
  }
}

seastar::future<> replica_world::steps(unsigned count) {
  for (unsigned i = 0; i < count; ++i) co_await step();
}

void replica_world::check_step() {
  const bool compacts = plan_.compact > 0;
  for (auto& m : members_) {
    if (!m.r || m.changing) continue;
    const auto& core = m.r->core();
    require(m.r->is_linked() || !m.r->wants_time(), fmt::format("{} is asked by no clock", m.id));
    require(m.r->out_of_service().empty(), fmt::format("{} left: {}", m.id, m.r->out_of_service()));
    if (core.current_role() == raft::role::leader && core.may_be_heard()) {
      const auto [known, fresh] = leaders_.emplace(core.current_term().value(), m.id);
      require(known->second == m.id,
              fmt::format("{} and {} lead term {}", known->second, m.id, core.current_term()));
    }
    // Who starts over has less than before.
    if (compacts && m.r->figures().resets > 0) continue;
    require(core.commit_index() >= m.commit, fmt::format("the commit of {} fell", m.id));
    require(m.r->high_watermark() >= m.high_watermark,
            fmt::format("the high watermark of {} fell", m.id));
    m.commit = core.commit_index();
    m.high_watermark = m.r->high_watermark();
    check_stable(m);
  }
}

int replica_world::leader() const {
  for (const auto& m : members_) {
    if (m.r && !m.changing && m.r->check_serves()) return m.id;
  }
  return 0;
}

void replica_world::heal() {
  cuts_.clear();
}

void replica_world::isolate(int node) {
  for (int other = 1; other <= nodes(); ++other) {
    cuts_.insert({node, other});
    cuts_.insert({other, node});
  }
}

// All members are up and have the same, committed, in their logs: while a log is cut, consensus is
// ahead of it.
bool replica_world::agreed() const {
  const auto lead = leader();
  if (lead == 0) return false;
  const auto& of = members_[static_cast<std::size_t>(lead - 1)].r;
  for (const auto node : of->members().members.members()) {
    const auto& m = members_[static_cast<std::size_t>(node.value() - 1)];
    if (!m.r || m.changing) return false;
    const auto& core = m.r->core();
    if (core.last_index() != of->core().last_index() || core.commit_index() != core.last_index() ||
        m.r->log().durable_index() != core.last_index() ||
        m.r->log().last_term() != core.log().last().term ||
        m.r->high_watermark() != m.r->next_offset())
      return false;
  }
  return true;
}

record::validated_batch replica_world::batch_of(int producer, std::int32_t sequence,
                                                std::size_t records) const {
  record::batch_builder builder({.producer = producer_id(100 + producer),
                                 .epoch = producer_epoch(0),
                                 .base_sequence = sequence});
  for (std::size_t i = 0; i < records; ++i) {
    const auto value = fmt::format("{}:{}:{}:{}", producer, sequence, i,
                                   std::string(static_cast<std::size_t>(sequence * 37 % 900), 'v'));
    if (plan_.compact == 0) {
      builder.add({.time = timestamp(now_), .key = "k", .value = value});
      continue;
    }
    std::optional<std::string_view> kept;
    if (!deletes(sequence, i)) kept = value;
    const auto key = key_of(producer, sequence, i);
    builder.add({.time = timestamp(now_), .key = key, .value = kept});
  }
  record::validated_batch out{.all = builder.finish()};
  out.header = *record::read_batch_header(out.all);
  out.record_count = static_cast<std::int32_t>(records);
  out.size = out.all.size();
  return out;
}

seastar::future<bool> replica_world::produce(int number) {
  auto& p = producers_[static_cast<std::size_t>(number)];
  const auto lead = leader();
  if (lead == 0 || p.busy) co_return false;
  auto& m = members_[static_cast<std::size_t>(lead - 1)];
  auto* r = m.r.get();
  const auto use = r->use();
  const auto sequence = p.next;
  const auto records = records_of(number, sequence);
  const auto placed = r->place(batch_of(number, sequence, records), timestamp(now_));
  if (!placed) {
    require(placed.error() == replica_error::not_leader || placed.error() == replica_error::storage,
            fmt::format("{} refuses batch {} of producer {}: {}", m.id, sequence, number,
                        static_cast<int>(placed.error())));
    co_return false;
  }
  if (!placed->duplicate) placed_[{placed->index, placed->term}] = {number, sequence};
  p.busy = true;
  bool done = true;
  try {
    co_await r->wait_committed(placed->index, placed->term);
  } catch (...) {
    done = false;  // its end is not known: it is asked again
  }
  p.busy = false;
  if (!done) co_return false;
  acked_.emplace(std::pair(number, sequence), placed->base_offset);
  p.next += static_cast<std::int32_t>(records);
  co_return true;
}

seastar::future<> replica_world::attempt(int producer) {
  co_await produce(producer);
}

seastar::future<> replica_world::produce_some(int count) {
  for (int i = 0; i < count; ++i) {
    const auto number = static_cast<int>(random_() % producers_.size());
    bool done = false;
    // Long enough for a voter that lacks some dozens of entries, which go one by one.
    for (int tries = 0; tries < 1000 && !done; ++tries) {
      auto asked = produce(number);
      while (!asked.available()) co_await step();
      done = asked.get();
      if (!done) co_await step();
    }
    require(done, "nothing is acknowledged");
  }
}

}  // namespace weir
