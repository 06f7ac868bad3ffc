#pragma once
// What the store's tests share: logs over a file system that loses, tears and keeps unflushed
// writes as its seed decides, and what was appended to them.
#include <seastar/core/coroutine.hh>
#include <seastar/testing/test_case.hh>
#include <seastar/util/later.hh>

#include <random>

#include "core/record/batch_builder.h"
#include "engine/store/fault_files.h"
#include "engine/store/partition_log.h"

namespace weir::store {

inline seastar::future<bool> fails(seastar::future<> call) {
  try {
    co_await std::move(call);
  } catch (const std::exception&) {
    co_return true;
  }
  co_return false;
}

struct machine {
  static constexpr std::size_t small_cache = 512 * 1024;
  static constexpr std::size_t many_files = 1024;

  explicit machine(std::uint64_t seed, std::size_t cache_bytes = small_cache,
                   std::size_t open_most = many_files)
      : files(seed),
        random(seed * 7919 + 1),
        cache(cache_bytes),
        shared{.files = files,
               .cache = cache,
               .open{files, open_most},
               .now = [this] { return timestamp(clock); },
               .random = [this] { return random(); }} {}

  fault_files files;
  std::mt19937_64 random;
  chunk_cache cache;
  std::int64_t clock = 1'700'000'000'000;
  shared_store shared;
};

// One log and what it should hold.
struct kept_log {
  kept_log(machine& m, std::int32_t number)
      : on(m),
        partition(number),
        directory(fmt::format("/data/topics/t.{}/{}", topic, partition)) {}

  static constexpr uuid topic{1, 2};
  machine& on;
  partition_id partition;
  std::string directory;
  std::vector<std::string> bodies;  // by offset: what was appended there, one record a batch
  std::unique_ptr<partition_log> log;

  seastar::future<> open(std::uint64_t segment_bytes = 64 * 1024) {
    log = co_await partition_log::open(
        on.shared,
        {.name = fmt::format("t-{}", partition), .topic_id = topic, .partition = partition},
        directory, {.segment_bytes = segment_bytes}, 100);
  }

  void append_one(std::size_t value_size, weir::term in = weir::term(1),
                  std::string_view key = "k") {
    ++on.clock;
    append_with_time(timestamp(on.clock), timestamp(on.clock), value_size, in, key);
  }

  // `time`: the record's own; `stored`: the broker's.
  void append_with_time(timestamp time, timestamp stored, std::size_t value_size = 100,
                        weir::term in = weir::term(1), std::string_view key = "k") {
    const auto at = log->next_offset();
    record::batch_builder builder(
        {.base_offset = at, .leader_epoch = static_cast<std::int32_t>(in.value())});
    const std::string value(value_size, static_cast<char>('a' + on.clock % 26));
    builder.add({.time = time, .key = key, .value = value});
    const auto body = builder.finish();
    const auto header = record::read_batch_header(body);
    log->append({.kind = log::frame_kind::batch,
                 .body_size = static_cast<std::uint32_t>(body.size()),
                 .body_crc = header->crc,
                 .term = in,
                 .index = log->last_index() + 1,
                 .base_offset = at,
                 .offset_count = 1,
                 .append_time = stored},
                body, &*header);
    bodies.resize(static_cast<std::size_t>(at.value()));
    bodies.push_back(body.str());
  }

  void save_vote(log::vote vote) {
    const auto encoded = log::encode(vote);
    const fragments body(bytes::copy({encoded.data(), encoded.size()}));
    log->append({.kind = log::frame_kind::vote,
                 .body_size = static_cast<std::uint32_t>(body.size()),
                 .body_crc = log::body_crc(body),
                 .term = vote.term,
                 .index = log->last_index() + 1,
                 .base_offset = log->next_offset(),
                 .append_time = timestamp(on.clock)},
                body, nullptr);
  }
  // Any bytes will do for the log.
  void configure(const std::string& members, weir::term in = weir::term(1)) {
    const auto body = fragments::copy(members);
    log->append({.kind = log::frame_kind::configuration,
                 .body_size = static_cast<std::uint32_t>(body.size()),
                 .body_crc = log::body_crc(body),
                 .term = in,
                 .index = log->last_index() + 1,
                 .base_offset = log->next_offset(),
                 .append_time = timestamp(on.clock)},
                body, nullptr);
  }
  // A vote has no index.
  seastar::future<> flush() {
    const auto wanted = log->appended();
    while (log->appended_durably() < wanted && !log->failed()) co_await seastar::yield();
  }

  seastar::future<std::string> read_all() {
    std::string all;
    auto at = log->start_offset();
    while (at < log->next_offset()) {
      auto got = co_await log->read(at, {.below = log->next_offset(), .bytes = 10'000});
      BOOST_REQUIRE(got.has_value());
      BOOST_REQUIRE(got->next > at);
      all += got->batches.str();
      at = got->next;
    }
    co_return all;
  }

  [[nodiscard]] std::string expected(std::size_t from = 0) const {
    std::string all;
    for (auto i = from; i < bodies.size(); ++i) all += bodies[i];
    return all;
  }

  seastar::future<> check_equal() {
    const auto all = co_await read_all();
    BOOST_REQUIRE(all == expected(static_cast<std::size_t>(log->start_offset().value())));
  }
};

}  // namespace weir::store
