// Producers with transactions in the world of replicas, and readers of what is committed.
#include <seastar/core/coroutine.hh>
#include <seastar/util/defer.hh>
#include <seastar/util/later.hh>

#include "core/record/batch_builder.h"
#include "core/record/record_reader.h"
#include "engine/replica/replica_world_test.h"
#include "engine/store/committed_reader_test.h"

namespace weir {
namespace {

constexpr std::int64_t first_id = 200;

bool passes(replica_error error) {
  return error == replica_error::not_leader || error == replica_error::storage;
}

}  // namespace

record::validated_batch replica_world::transactional_batch(int number) const {
  const auto& x = transactors_[static_cast<std::size_t>(number)];
  record::batch_builder builder({.producer = producer_id(first_id + number),
                                 .epoch = producer_epoch(x.epoch),
                                 .base_sequence = x.next,
                                 .transactional = true});
  const auto records = 1 + x.next % 3;
  const auto key = fmt::format("{}:{}", number, x.number);
  const std::string value(static_cast<std::size_t>(x.next * 53 % 700), 'v');
  for (int i = 0; i < records; ++i)
    builder.add({.time = timestamp(now_), .key = key, .value = value});
  record::validated_batch out{.all = builder.finish()};
  out.header = *record::read_batch_header(out.all);
  out.record_count = records;
  out.size = out.all.size();
  return out;
}

seastar::future<> replica_world::transact(int number) {
  auto& x = transactors_[static_cast<std::size_t>(number)];
  x.busy = true;
  const auto done = seastar::defer([&x] noexcept { x.busy = false; });
  try_what_is_late(number);
  const auto dice = random_() % 10;
  if (dice < 7) {
    co_await send_transactional(number);
  } else {
    co_await end_transaction(number, !x.in_doubt && dice == 9);
  }
}

seastar::future<> replica_world::send_transactional(int number) {
  auto& x = transactors_[static_cast<std::size_t>(number)];
  const auto lead = leader();
  if (lead == 0) co_return;
  auto* r = at(lead);
  const auto use = r->use();
  const auto batch = transactional_batch(number);
  const auto& m = members_[static_cast<std::size_t>(lead - 1)];
  const auto life = m.life;
  const auto asked = r->begin_verification(batch.header, x.version == 2, timestamp(now_));
  if (!asked) {
    require(passes(asked.error()),
            fmt::format("{} asks nobody: {}", lead, static_cast<int>(asked.error())));
    co_return;
  }
  // The coordinator answers.
  for (auto turns = random_() % 4; *asked && turns > 0; --turns) co_await seastar::yield();
  if (*asked && m.life == life && !m.changing) x.given = *asked;  // see crash()
  const auto placed = r->place(batch, timestamp(now_), *asked);
  if (!placed) {
    // Leadership may have passed and come back.
    require(passes(placed.error()) || placed.error() == replica_error::invalid_transaction,
            fmt::format("{} refuses a batch of transactor {}: {}", lead, number,
                        static_cast<int>(placed.error())));
    co_return;
  }
  x.in_doubt = true;
  try {
    co_await r->wait_committed(placed->index, placed->term);
  } catch (...) {
    co_return;  // it is sent again, or the transaction aborted
  }
  x.in_doubt = false;
  if (!x.first) x.first = placed->base_offset;
  x.next += batch.record_count;
  acked_in_transactions_.push_back({number, x.number, placed->base_offset});
}

seastar::future<bool> replica_world::write_marker(const log::transaction_marker& marker,
                                                  int version) {
  const auto lead = leader();
  if (lead == 0) co_return false;
  auto* r = at(lead);
  const auto use = r->use();
  const auto placed = r->place_marker(marker, version, timestamp(now_));
  if (!placed) {
    require(passes(placed.error()), fmt::format("{} refuses a marker of {}: {}", lead,
                                                marker.producer, static_cast<int>(placed.error())));
    co_return false;
  }
  try {
    co_await r->wait_committed(placed->index, placed->term);
    co_return true;
  } catch (...) {
    co_return false;
  }
}

// What was decided is written until it is known to be there.
seastar::future<> replica_world::end_transaction(int number, bool commit) {
  auto& x = transactors_[static_cast<std::size_t>(number)];
  decided_[{number, x.number}] = commit;
  // Version 1 has a new epoch where the producer begins anew.
  const auto epoch = static_cast<std::int16_t>(x.epoch + (x.version == 2 || x.in_doubt ? 1 : 0));
  if (random_() % 4 == 0) ++x.coordinator;
  const log::transaction_marker marker{
      .producer = producer_id(first_id + number),
      .epoch = producer_epoch(epoch),
      .kind = commit ? record::marker::commit : record::marker::abort,
      .coordinator_epoch = x.coordinator};
  while (!co_await write_marker(marker, x.version)) {
    if (work_.is_closed()) co_return;
    for (int i = 0; i < 10; ++i) co_await seastar::yield();
  }
  if (epoch != x.epoch) x.next = 0;
  x.epoch = epoch;
  x.first.reset();
  x.in_doubt = false;
  if (x.given) x.stale = std::exchange(x.given, std::nullopt);
  ++x.number;
}

// Batches and markers of transactions that are over change nothing.
void replica_world::try_what_is_late(int number) {
  const auto& x = transactors_[static_cast<std::size_t>(number)];
  const auto lead = leader();
  if (lead == 0 || x.number == 0) return;
  auto* r = at(lead);
  if (!x.first && !x.in_doubt) {
    const auto placed = r->place(transactional_batch(number), timestamp(now_), x.stale);
    require(!placed,
            fmt::format("a batch of transactor {} began a transaction on its own at {}{}, verified "
                        "behind {} in term {}",
                        number, placed ? placed->index : log_index{},
                        placed && placed->duplicate ? ", a repeat" : "",
                        x.stale ? x.stale->after : log_index{}, x.stale ? x.stale->in : term{}));
    require(
        passes(placed.error()) || placed.error() == replica_error::invalid_transaction,
        fmt::format("a late batch of transactor {}: {}", number, static_cast<int>(placed.error())));
  }
  // That of the transaction before, once more.
  if (x.version == 2 && x.first) {
    const auto placed = r->place_marker({.producer = producer_id(first_id + number),
                                         .epoch = producer_epoch(x.epoch),
                                         .coordinator_epoch = x.coordinator},
                                        2, timestamp(now_));
    require(!placed &&
                (passes(placed.error()) || placed.error() == replica_error::invalid_producer_epoch),
            fmt::format("a late marker ended a transaction of {}", number));
  }
  if (x.coordinator > 0) {
    const auto placed = r->place_marker({.producer = producer_id(first_id + number),
                                         .epoch = producer_epoch(INT16_MAX),
                                         .coordinator_epoch = -1},
                                        1, timestamp(now_));
    require(
        !placed && (passes(placed.error()) || placed.error() == replica_error::coordinator_fenced),
        fmt::format("an old coordinator ended a transaction of {}", number));
  }
}

void replica_world::check_stable(member& m) const {
  const auto stable = m.r->last_stable_offset();
  require(stable <= m.r->high_watermark(), fmt::format("{} is stable beyond its commit", m.id));
  require(stable >= m.stable, fmt::format("the last stable offset of {} fell", m.id));
  m.stable = stable;
  for (std::size_t t = 0; t < transactors_.size(); ++t) {
    const auto& x = transactors_[t];
    if (!x.first || decided_.contains({static_cast<int>(t), x.number})) continue;
    require(stable <= std::max(*x.first, m.r->start_offset()),
            fmt::format("{} is stable at {}, transactor {} has been open since {}", m.id, stable, t,
                        *x.first));
  }
}

void replica_world::take_visible(const store::read_result& got, std::vector<visible>& into) const {
  for (const auto& batch : store::shown(got)) {
    if (!batch.header.transactional()) continue;
    if (plan_.compact > 0 && batch.header.record_count == 0) continue;
    record::record_reader reader(batch.header, batch.all, 1 << 20);
    record::record r;
    require(*reader.next(r), "a batch without records");
    const auto number = std::stoi(std::string(r.key->view().substr(2)));
    into.push_back({.transactor = static_cast<int>(batch.header.producer.value() - first_id),
                    .number = number,
                    .at = batch.header.base_offset});
  }
}

seastar::future<> replica_world::read_committed_some() {
  auto& m = any();
  if (!m.r || m.changing) co_return;
  const auto use = m.r->use();
  const auto start = m.r->start_offset();
  const auto end = m.r->last_stable_offset();
  if (start >= end) co_return;
  const auto from =
      start + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(end - start));
  std::expected<store::read_result, replica_error> got;
  try {
    got = co_await m.r->read(from, 3000, true, end, true);
  } catch (const std::exception&) {
    co_return;
  }
  if (!got) co_return;
  std::vector<visible> seen;
  take_visible(*got, seen);
  for (const auto& v : seen) {
    const auto decided = decided_.find({v.transactor, v.number});
    require(decided != decided_.end() && decided->second,
            fmt::format("transaction {} of transactor {} is seen at {}, and not committed",
                        v.number, v.transactor, v.at));
  }
}

seastar::future<> replica_world::end_all_transactions() {
  co_await until([&] { return std::ranges::none_of(transactors_, &transactor::busy); },
                 "no transactor waits");
  for (std::size_t t = 0; t < transactors_.size(); ++t) {
    auto ending = end_transaction(static_cast<int>(t), false);
    for (int i = 0; i < 2000 && !ending.available(); ++i) co_await step();
    require(ending.available(), "a marker is not taken");
    co_await std::move(ending);
  }
}

// Of a log that begins at its beginning everything, else what the log still tells of.
seastar::future<> replica_world::check_fold(replica& r) {
  log::producer_sequences again;
  co_await r.replay([&](const log::frame_head& head, const fragments& body) {
    if (head.kind != log::frame_kind::batch) return;
    again.apply(head, *record::read_batch_header(body), body);
  });
  again.committed(r.high_watermark());
  const auto& live = r.log().producers();
  require(live.first_unstable() == again.first_unstable(), "what is unstable is not the fold's");
  require(live.open_transactions() == again.open_transactions(), "open ones are not the fold's");
  const bool whole = r.log().base().index == log_index{} && plan_.compact == 0;
  require(!whole || live.all() == again.all(), "producers are not the fold's");
  const auto from = std::max(r.start_offset(), live.aborted().complete_from());
  const auto known = live.aborted().within(from, r.next_offset());
  const auto folded = again.aborted().within(from, r.next_offset());
  if (whole) {
    require(known == folded, fmt::format("{} aborted transactions are known, {} the fold's",
                                         known.size(), folded.size()));
    co_return;
  }
  // The beginning of some may be gone, or all but the marker.
  for (const auto& one : folded) {
    const auto same = std::ranges::find(known, one.last, &log::aborted_transaction::last);
    require(same != known.end() && same->producer == one.producer && same->first <= one.first,
            fmt::format("nobody knows of what was aborted at {}", one.last));
  }
}

seastar::future<> replica_world::check_transactions() {
  if (transactors_.empty()) co_return;
  for (const auto node : at(leader())->members().members.members()) {
    auto& r = *at(node.value());
    require(r.last_stable_offset() == r.high_watermark(),
            fmt::format("{} is not all stable", node));
    std::vector<visible> seen;
    for (auto from = r.start_offset(); from < r.high_watermark();) {
      const auto got = co_await r.read(from, 2000, true, r.last_stable_offset(), true);
      require(got.has_value() && got->next > from, "what is stable can't be read");
      take_visible(*got, seen);
      from = got->next;
    }
    std::ranges::sort(seen);
    require(std::ranges::adjacent_find(seen) == seen.end(), "a batch is seen twice");
    for (const auto& v : seen)
      require(decided_.at({v.transactor, v.number}),
              fmt::format("{} shows transaction {} of transactor {} at {}: aborted", node, v.number,
                          v.transactor, v.at));
    for (const auto& v : acked_in_transactions_) {
      if (v.at < r.start_offset() || !decided_.at({v.transactor, v.number})) continue;
      // The records of a transaction have one key: compacted, the last batch tells of all.
      const auto same = std::ranges::lower_bound(seen, v);
      const bool shown = same != seen.end() && (plan_.compact > 0 ? same->is_of(v) : *same == v);
      require(shown, fmt::format("{} does not show transaction {} of transactor {} at {}", node,
                                 v.number, v.transactor, v.at));
    }
    co_await check_fold(r);
  }
}

}  // namespace weir
