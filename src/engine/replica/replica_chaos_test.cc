// Hundreds of seeded runs. A failure prints its seed: WEIR_SEED=n runs that one alone,
// WEIR_SEEDS=n so many.
#include <seastar/core/coroutine.hh>
#include <seastar/util/later.hh>
#include <seastar/util/log.hh>

#include <cstdlib>

#include "core/record/batches.h"
#include "core/record/record_reader.h"
#include "engine/replica/replica_world_test.h"

namespace weir {
namespace {

constexpr std::uint64_t seeds_default = 2500;

std::optional<std::uint64_t> number_from(const char* name) {
  const char* given = std::getenv(name);
  if (!given || *given == 0) return std::nullopt;
  return std::strtoull(given, nullptr, 10);
}

}  // namespace

world_plan draw_world(std::uint64_t seed) {
  std::mt19937_64 random(seed * 31 + 7);
  const auto one_of = [&](auto... values) {
    const std::array all{values...};
    return all[random() % all.size()];
  };
  world_plan plan;
  plan.voters = one_of(1, 2, 3, 3, 3, 3, 5);
  plan.spares = one_of(0, 0, 1, 2);
  plan.steps = one_of(150U, 300U, 450U);
  plan.loss = one_of(0.0, 0.0, 0.05, 0.2);
  plan.repeat = one_of(0.0, 0.1);
  plan.delay_max = one_of(2, 10, 40);
  plan.crash = one_of(0.0, 0.01, 0.03);
  plan.cut = one_of(0.0, 0.02, 0.06);
  plan.transfer = one_of(0.0, 0.01);
  plan.change = one_of(0.0, 0.02);
  plan.trim = one_of(0.0, 0.0, 0.02);
  plan.with_journal = random() % 2 == 0;
  plan.segment_bytes = one_of(12 * 1024, 24 * 1024, 256 * 1024);
  plan.disk_delay_max = one_of(0U, 3U, 12U);
  plan.inflight = one_of(1U, 3U, 8U);
  plan.append_bytes = one_of(500U, 4000U, 1U << 20);
  plan.rest = random() % 2 == 0;
  plan.alarm = one_of(0.0, 0.0, 0.01);
  plan.transactors = one_of(0, 2, 3);
  // A bound that is reached is tested by the store alone: WEIR_SEED=224 with 2 shows a reader what
  // was aborted (docs/decisions/0015).
  plan.aborted_max = one_of(2U, 10'000U);
  plan.compact = one_of(0.0, 0.0, 0.05);
  // What is below a start that was moved is of no key any more.
  if (plan.compact > 0) plan.trim = 0;
  return plan;
}

void replica_world::make_cuts() {
  if (chance(0.4)) return heal();
  const auto kind = random_() % 4;
  if (kind == 0) {
    isolate(any().id);
  } else if (kind == 1) {
    cut(any().id, any().id);  // one way
  } else if (kind == 2) {
    const auto lead = leader();
    if (lead != 0) isolate(lead);
  } else {
    const auto half = 1 + static_cast<int>(random_() % members_.size());
    for (int a = 1; a <= nodes(); ++a) {
      for (int b = 1; b <= nodes(); ++b) {
        if ((a < half) != (b < half)) cut(a, b);
      }
    }
  }
}

// To learners, or to any set of voters whose new ones have caught up.
void replica_world::try_change() {
  const auto lead = leader();
  if (lead == 0) return;
  const auto& now = at(lead)->members().members;
  auto target = now;
  target.old_voters.clear();
  const node_id node(1 + static_cast<int>(random_() % members_.size()));
  if (!now.is_member(node)) {
    target.learners.push_back(node);
  } else if (now.is_learner(node)) {
    target.voters.push_back(node);
  } else if (target.voters.size() > 1) {
    std::erase(target.voters, node);
  }
  (void)at(lead)->change(target);
}

void replica_world::trouble() {
  if (chance(plan_.cut)) make_cuts();
  if (chance(plan_.transfer) && leader() != 0) (void)at(leader())->transfer(node_id(any().id));
  if (chance(plan_.change)) try_change();
  if (chance(plan_.trim)) {
    auto& m = any();
    if (m.r && !m.changing && m.r->high_watermark() > offset(8)) {
      spawn([](replica& r) -> seastar::future<> {
        const auto use = r.use();
        try {
          (void)co_await r.delete_records(r.high_watermark() - 4);
        } catch (const std::exception&) {
          // Down, or its disk is.
        }
      }(*m.r));
    }
  }
  if (chance(plan_.compact)) {
    auto& m = any();
    if (m.r && !m.changing) spawn(compact(m.id));
  }
  if (chance(plan_.crash)) {
    const auto id = any().id;
    const bool all = chance(0.1);
    for (auto& m : members_) {
      if (!m.changing && m.r && (all || m.id == id)) {
        spawn([](replica_world& w, int node) -> seastar::future<> {
          co_await w.crash(node);
          for (auto wait = w.random_() % 40; wait > 0; --wait) co_await seastar::yield();
          co_await w.open(node);
        }(*this, m.id));
      }
    }
  }
}

seastar::future<> replica_world::read_some() {
  auto& m = any();
  if (!m.r || m.changing) co_return;
  const auto use = m.r->use();
  const auto start = m.r->start_offset();
  const auto end = m.r->high_watermark();
  if (start >= end) co_return;
  const auto from =
      start + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(end - start));
  std::expected<store::read_result, replica_error> got;
  try {
    got = co_await m.r->read(from, 3000, true, end);
  } catch (const std::exception&) {
    co_return;
  }
  if (!got) {
    require(got.error() == replica_error::not_leader ||
                got.error() == replica_error::offset_out_of_range,
            fmt::format("a read failed: {}", static_cast<int>(got.error())));
    co_return;
  }
  record::batch_walk walk(got->batches);
  while (true) {
    const auto batch = walk.next();
    require(batch.has_value(), "no batches were read");
    if (!*batch) break;
    require((*batch)->header.next_offset() <= end, "a reader passed the high watermark");
    if (plan_.compact > 0) continue;
    const auto [known, fresh] = seen_.emplace((*batch)->header.base_offset, (*batch)->all.str());
    require(known->second == (*batch)->all.str(),
            fmt::format("readers got different batches at {}", known->first));
  }
}

seastar::future<> replica_world::calm() {
  heal();
  plan_.loss = plan_.repeat = plan_.crash = plan_.cut = 0;
  plan_.transfer = plan_.change = plan_.trim = 0;
  plan_.delay_max = std::min<std::int64_t>(plan_.delay_max, 10);
  co_await until(
      [&] {
        return std::ranges::all_of(members_, [](const member& m) { return m.r && !m.changing; });
      },
      "all are up");
  co_await until([&] { return leader() != 0; }, "somebody leads");
  co_await produce_some(2);
  co_await end_all_transactions();
  co_await until([&] { return agreed(); }, "all agree");
}

seastar::future<> replica_world::compact(int node) {
  auto* r = at(node);
  const auto use = r->use();
  static store::io_pace pace([] { return log::byte_rate::unlimited; });
  seastar::abort_source abort;
  try {
    (void)co_await r->compact(1 << 16, pace, abort);
  } catch (const std::exception&) {
    // Down, or its disk is.
  }
}

// Each copy was compacted by itself: what the newest record of each key is must be the same, and
// what was committed says which that is.
seastar::future<> replica_world::check_keys() {
  const auto lead = leader();
  require(lead != 0, "nobody leads");
  std::map<std::string, std::string> wanted;
  const auto& shape = at(lead)->core().log();
  require(shape.base().index == log_index{}, "the log was cut");
  for (log_index i(1); i <= shape.last().index; ++i) {
    const auto found = placed_.find({i, *shape.term_at(i)});
    if (found == placed_.end()) continue;
    const auto [producer, sequence] = found->second;
    for (std::size_t n = 0; n < records_of(producer, sequence); ++n) {
      const auto key = key_of(producer, sequence, n);
      if (deletes(sequence, n)) {
        wanted.erase(key);
      } else {
        wanted[key] = fmt::format("{}:{}:{}", producer, sequence, n);
      }
    }
  }
  for (const auto node : at(lead)->members().members.members()) {
    auto* r = at(node.value());
    std::map<std::string, std::string> found;
    log_index before{};
    co_await r->replay([&](const log::frame_head& head, const fragments& body) {
      if (!head.is_entry()) return;
      require(head.index > before, "indexes fall");
      before = head.index;
      require(head.term == *shape.term_at(head.index), "an entry of another term");
      if (head.kind != log::frame_kind::batch) return;
      const auto header = *record::read_batch_header(body);
      if (header.transactional()) return;  // check_transactions()
      record::record_reader reader(header, body, 1 << 20);
      record::record one;
      while (*reader.next(one)) {
        const std::string key(one.key->view());
        if (one.value) {
          const auto value = one.value->str();
          found[key] = value.substr(0, value.rfind(':'));
        } else {
          found.erase(key);
        }
      }
    });
    require(before == shape.last().index, fmt::format("{} ends at {}", node, before));
    for (const auto& [key, value] : found)
      require(wanted.contains(key), fmt::format("{} has {}, which is deleted", node, key));
    require(found == wanted, fmt::format("{} has other records than are the newest", node));
  }
}

seastar::future<> replica_world::check_equal() {
  const auto lead = leader();
  require(lead != 0, "nobody leads");
  std::map<log_index, std::string> frames;
  const auto members = at(lead)->members().members.members();
  for (const auto node : members) {
    auto* r = at(node.value());
    std::optional<log_index> before;
    offset next{0};
    co_await r->replay([&](const log::frame_head& head, const fragments& body) {
      if (!head.is_entry()) return;
      require(!before || head.index == *before + 1, "indexes have a hole");
      require(!before || head.base_offset == next, "offsets have a hole");
      before = head.index;
      next = head.next_offset();
      fragments whole;
      log::carry(whole, head, body);
      const auto [known, fresh] = frames.emplace(head.index, whole.str());
      require(known->second == whole.str(),
              fmt::format("entry {} is another one on {}", head.index, node));
    });
    require(r->log().last_index() == at(lead)->log().last_index(), "logs of different length");
    require(r->log().next_offset() == at(lead)->log().next_offset(),
            fmt::format("{} ends at offset {}, {} at {}", node, r->log().next_offset(), lead,
                        at(lead)->log().next_offset()));
    require(r->high_watermark() == r->next_offset(),
            fmt::format("{} has a high watermark of {} of {}", node, r->high_watermark(),
                        r->next_offset()));
  }
}

seastar::future<> replica_world::check_acknowledged() {
  const auto lead = leader();
  auto* r = at(lead);
  std::map<std::pair<int, std::int32_t>, offset> found;
  co_await r->replay([&](const log::frame_head& head, const fragments& body) {
    if (head.kind != log::frame_kind::batch) return;
    const auto batch = record::read_batch_header(body);
    if (batch->transactional()) return;
    const std::pair key(static_cast<int>(batch->producer.value()) - 100, batch->base_sequence);
    const auto [known, fresh] = found.emplace(key, head.base_offset);
    require(fresh, fmt::format("batch {} of producer {} is there twice, at {} and {}", key.second,
                               key.first, known->second, head.base_offset));
    const auto seen = seen_.find(head.base_offset);
    require(seen == seen_.end() || seen->second == body.str(),
            fmt::format("what a reader got at {} is another batch now", head.base_offset));
  });
  for (const auto& [key, at_offset] : acked_) {
    if (at_offset < r->start_offset()) continue;
    const auto there = found.find(key);
    require(there != found.end(),
            fmt::format("batch {} of producer {}, acknowledged at {}, is gone", key.second,
                        key.first, at_offset));
    require(there->second == at_offset, "an acknowledged batch is elsewhere");
  }
}

seastar::future<> replica_world::whole_run() {
  co_await open_all();
  for (unsigned i = 0; i < plan_.steps; ++i) {
    for (std::size_t p = 0; p < producers_.size(); ++p) {
      if (!producers_[p].busy && chance(0.3)) spawn(attempt(static_cast<int>(p)));
    }
    for (std::size_t t = 0; t < transactors_.size(); ++t) {
      if (!transactors_[t].busy && chance(0.3)) spawn(transact(static_cast<int>(t)));
    }
    if (chance(0.3)) spawn(read_some());
    if (!transactors_.empty() && chance(0.5)) spawn(read_committed_some());
    trouble();
    co_await step();
  }
  co_await calm();
  if (plan_.compact > 0) {
    co_await check_keys();
    co_await check_transactions();
    co_return;
  }
  co_await check_equal();
  co_await check_acknowledged();
  co_await check_transactions();
}

seastar::future<> replica_world::run() {
  std::exception_ptr failed;
  try {
    co_await whole_run();
  } catch (...) {
    failed = std::current_exception();
  }
  co_await stop_all();
  if (!failed) co_return;
  BOOST_FAIL("WEIR_SEED=" << seed_ << " at " << now_ << " ms: " << failed);
}

namespace {

seastar::future<> run_seed(std::uint64_t seed) {
  replica_world w(seed, draw_world(seed));
  co_await w.run();
}

SEASTAR_TEST_CASE(whatever_happens_what_was_acknowledged_stays) {
  for (const auto* name : {"store", "replica"})
    seastar::global_logger_registry().set_logger_level(
        name, std::getenv("WEIR_LOG") ? seastar::log_level::debug : seastar::log_level::error);
  if (const auto one = number_from("WEIR_SEED")) co_return co_await run_seed(*one);
  const auto count = number_from("WEIR_SEEDS").value_or(seeds_default);
  for (std::uint64_t seed = 1; seed <= count; ++seed) co_await run_seed(seed);
}

}  // namespace
}  // namespace weir
