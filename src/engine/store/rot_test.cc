// A bit that flips on the device, anywhere, in any file: a log is not opened, or says what is
// damaged, or never needed that bit. It never gives other bytes than were written.
#include <seastar/util/later.hh>

#include "engine/store/kept_log_test.h"

namespace weir::store {
namespace {

struct counts {
  int refused = 0;
  int damaged = 0;
  int whole = 0;
  std::string what;  // is read
};

seastar::future<> read_what_is_there(kept_log& l, counts& c) {
  const auto end = l.log->next_offset();
  BOOST_REQUIRE(static_cast<std::size_t>(end.value()) <= l.bodies.size());
  for (auto at = l.log->start_offset(); at < end;) {
    const auto got = co_await l.log->read(at, {.below = end, .bytes = 4000});
    if (!got) {
      BOOST_REQUIRE(got.error() == read_fault::damaged);
      ++c.damaged;
      co_return;
    }
    std::string wanted;
    for (; at < got->next; at = at + 1) wanted += l.bodies[static_cast<std::size_t>(at.value())];
    BOOST_REQUIRE_MESSAGE(got->batches.str() == wanted, c.what << ": below " << at.value());
  }
  ++c.whole;
}

seastar::future<> rot_run(std::uint64_t seed, counts& c) {
  machine m(seed);
  std::optional<journal> small;
  const auto open_journal = [&] {
    small.emplace(m.files, "/data/journal", 0, 96 * 1024, [&m] { return m.random(); });
    m.shared.small_writes = &*small;
  };
  open_journal();
  kept_log l(m, 0);
  co_await l.open(24 * 1024);
  for (int i = 0; i < 60; ++i) {
    l.append_one(m.random() % (m.random() % 8 == 0 ? 9'000 : 900));
    if (m.random() % 3 == 0) co_await l.log->wait_durable(l.log->last_index());
  }
  co_await l.log->wait_durable(l.log->last_index());
  if (seed % 2 == 0) m.files.crash();
  co_await l.log->stop();
  l.log.reset();
  co_await small->stop();
  small.reset();
  m.files.power_on();
  const auto files = m.files.files();
  const auto& hit = files[m.random() % files.size()];
  const auto size = m.files.content(hit).size();
  if (size == 0) co_return;
  const auto at = m.random() % size;
  m.files.rot(hit, at);
  c.what = fmt::format("seed {}, {} rotten at {}", seed, hit, at);
  bool opened = true;
  try {
    co_await replay_journals(m.files, "/data", 1, [&m] { return m.random(); });
    open_journal();
    co_await l.open(24 * 1024);
  } catch (const std::runtime_error&) {
    opened = false;
  }
  if (opened) {
    co_await read_what_is_there(l, c);
    co_await l.log->stop();
  } else {
    ++c.refused;
  }
  if (small) co_await small->stop();
}

SEASTAR_TEST_CASE(a_bit_that_rots_is_never_served) {
  counts c;
  for (std::uint64_t seed = 1; seed <= 1500; ++seed) co_await rot_run(seed, c);
  // All three happen, or the test tests nothing.
  BOOST_REQUIRE_GT(c.refused, 20);
  BOOST_REQUIRE_GT(c.damaged, 20);
  BOOST_REQUIRE_GT(c.whole, 20);
}

}  // namespace
}  // namespace weir::store
