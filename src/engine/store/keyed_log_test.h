#pragma once
// A log of keyed records for the tests of compaction, and a reference that knows every record that
// was ever appended: what is read must be among them, in order, at its offset, and the newest of
// each key must be there.
#include <seastar/core/coroutine.hh>
#include <seastar/testing/test_case.hh>

#include <map>
#include <optional>

#include "core/record/batch_builder.h"
#include "core/record/batches.h"
#include "core/record/record_reader.h"
#include "engine/store/fault_files.h"
#include "engine/store/kept_log_test.h"
#include "engine/store/partition_log.h"

namespace weir::store {

struct told_record {
  std::string key;
  std::optional<std::string> value;
  timestamp time;
  bool operator==(const told_record&) const = default;
};

struct keyed_log {
  explicit keyed_log(machine& m) : on(m) {}

  machine& on;
  std::string directory = "/data/topics/t.AAAAAAAAAAEAAAAAAAAAAg/0";
  std::unique_ptr<partition_log> log;
  std::map<offset, told_record> told;  // everything that was appended and not cut off
  std::uint64_t segment_bytes = 8 * 1024;
  std::size_t memory = 1 << 20;
  log::key_offsets::hash hash = log::key_offsets::default_hash;
  log::compaction_rules rules{.enabled = true, .dirty_ratio_min = 0, .tombstone_ms = 1'000'000};
  producer_id producer = no_producer_id;
  std::int32_t sequence = 0;
  bool transactional = false;
  record::codec codec = record::codec::none;

  seastar::future<> open() {
    log = co_await partition_log::open(
        on.shared, {.name = "t-0", .topic_id = uuid{1, 2}, .partition = partition_id(0)}, directory,
        {.segment_bytes = segment_bytes}, 100);
  }
  seastar::future<> close() {
    co_await log->stop();
    log.reset();
  }

  using wanted = std::pair<std::string, std::optional<std::string>>;
  void append(const std::vector<wanted>& records, weir::term term = weir::term(1)) {
    const auto base = log->next_offset();
    record::batch_builder builder({.base_offset = base,
                                   .leader_epoch = static_cast<std::int32_t>(term.value()),
                                   .compression = codec,
                                   .level = record::levels_of(codec).standard,
                                   .producer = producer,
                                   .epoch = producer_epoch(producer == no_producer_id ? -1 : 0),
                                   .base_sequence = producer == no_producer_id ? -1 : sequence,
                                   .transactional = transactional});
    for (const auto& [key, value] : records) {
      const auto time = timestamp(++on.clock);
      told[log->next_offset() + builder.count()] = {key, value, time};
      std::optional<std::string_view> view;
      if (value) view = *value;
      builder.add({.time = time, .key = key, .value = view});
    }
    sequence += static_cast<std::int32_t>(records.size());
    const auto body = builder.finish();
    const auto header = record::read_batch_header(body);
    log->append({.kind = log::frame_kind::batch,
                 .body_size = static_cast<std::uint32_t>(body.size()),
                 .body_crc = header->crc,
                 .term = term,
                 .index = log->last_index() + 1,
                 .base_offset = base,
                 .offset_count = static_cast<std::uint32_t>(records.size()),
                 .append_time = timestamp(on.clock)},
                body, &*header);
  }
  void append_marker(producer_id of, record::marker kind) {
    const auto time = timestamp(++on.clock);
    const auto base = log->next_offset();
    const auto body = record::make_marker(kind, base, 1, time, of, producer_epoch(0), 3);
    const auto header = record::read_batch_header(body);
    log->append({.kind = log::frame_kind::batch,
                 .body_size = static_cast<std::uint32_t>(body.size()),
                 .body_crc = header->crc,
                 .term = weir::term(1),
                 .index = log->last_index() + 1,
                 .base_offset = base,
                 .offset_count = 1,
                 .append_time = time},
                body, &*header);
  }
  void append_term_start(weir::term term) {
    log->append({.kind = log::frame_kind::term_start,
                 .term = term,
                 .index = log->last_index() + 1,
                 .base_offset = log->next_offset(),
                 .append_time = timestamp(on.clock)},
                {}, nullptr);
  }
  // `count` single-record batches of the keys in turn.
  void append_round(int count, int keys, std::size_t value_size = 100) {
    for (int i = 0; i < count; ++i)
      append({{fmt::format("key-{}", i % keys), std::string(value_size, 'a') + std::to_string(i)}});
  }
  seastar::future<> all_durable() { return log->wait_durable(log->last_index()); }

  [[nodiscard]] compaction_work work() const {
    return {.rules = rules,
            .bounds = {.committed = log->durable_index(),
                       .stable = log->next_offset(),
                       .everyone = log->durable_index()},
            .segment_bytes = segment_bytes,
            .memory = memory,
            .hash = hash};
  }
  // Passes until none is due.
  seastar::future<int> compact() {
    int passes = 0;
    while (co_await log->compact(work())) ++passes;
    co_return passes;
  }

  seastar::future<std::map<offset, told_record>> read_all(std::size_t bytes = 10'000) {
    std::map<offset, told_record> all;
    auto at = log->start_offset();
    while (at < log->next_offset()) {
      const auto got = co_await log->read(at, {.below = log->next_offset(), .bytes = bytes});
      if (!got) break;  // its start was moved
      if (got->next == at) break;
      take(got->batches, at, all);
      at = got->next;
    }
    co_return all;
  }
  // Batches follow each other without overlap.
  static void take(const fragments& batches, offset from, std::map<offset, told_record>& into) {
    record::batch_walk walk(batches);
    auto end = offset(-1);
    while (true) {
      const auto batch = walk.next();
      BOOST_REQUIRE(batch.has_value());
      if (!*batch) break;
      const auto& h = (*batch)->header;
      BOOST_REQUIRE(h.base_offset >= end && h.next_offset() > from);
      BOOST_REQUIRE_EQUAL(h.crc, record::batch_crc((*batch)->all, 0, (*batch)->all.size()));
      end = h.next_offset();
      record::record_reader reader(h, (*batch)->all, 1 << 20);
      record::record r;
      while (true) {
        const auto more = reader.next(r);
        BOOST_REQUIRE(more.has_value());
        if (!*more) break;
        std::optional<std::string> value;
        if (r.value) value = r.value->str();
        BOOST_REQUIRE(r.offset < end);
        const auto [at, fresh] =
            into.try_emplace(r.offset, told_record{std::string(r.key->view()), value, r.time});
        BOOST_REQUIRE(fresh || r.offset < from);
      }
    }
    BOOST_REQUIRE_EQUAL(walk.left(), 0u);
  }

  // Everything read was told, and the newest of each key is there. `exactly`, where no pass was cut
  // short: all from the first dirty offset on, before it the newest of each key of that part and
  // nothing else. `end`: how far was read.
  void check(const std::map<offset, told_record>& got, bool exactly,
             offset end = offset(INT64_MAX)) const {
    for (const auto& [at, r] : got) {
      const auto known = told.find(at);
      BOOST_REQUIRE_MESSAGE(known != told.end() && known->second == r, "at " << at.value());
    }
    const auto dirty = exactly ? log->first_dirty() : log->next_offset();
    std::map<std::string, offset> newest;
    for (const auto& [at, r] : told) {
      if (at < dirty) newest[r.key] = at;
    }
    for (const auto& [at, r] : told) {
      if (at < log->start_offset() || at >= end) continue;
      const bool expected = at >= dirty || newest.at(r.key) == at;
      // A tombstone may have served its time.
      if (expected && (at >= dirty || r.value))
        BOOST_REQUIRE_MESSAGE(got.contains(at), "lost " << r.key << " at " << at.value());
      if (exactly && !expected)
        BOOST_REQUIRE_MESSAGE(!got.contains(at), "kept " << r.key << " at " << at.value());
    }
  }
  seastar::future<> check_all(bool exactly = true) { check(co_await read_all(), exactly); }

  [[nodiscard]] seastar::future<std::size_t> segments() {
    std::size_t count = 0;
    for (const auto& name : co_await on.files.list(directory)) count += name.ends_with(".log");
    co_return count;
  }
};

struct keyed_world : machine, keyed_log {
  explicit keyed_world(std::uint64_t seed)
      : machine(seed), keyed_log(static_cast<machine&>(*this)) {}
  seastar::future<> crash_and_open() {
    files.crash();
    co_await log->stop();
    log.reset();
    files.fail = nullptr;
    files.power_on();
    co_await keyed_log::open();
  }
};

}  // namespace weir::store
