// Compaction of one log, in order: what stays, where, and what is known after a restart.
#include <seastar/core/when_all.hh>

#include "engine/store/keyed_log_test.h"

namespace weir::store {
namespace {

SEASTAR_TEST_CASE(the_newest_record_of_each_key_stays_at_its_offset) {
  keyed_world w(1);
  co_await w.open();
  w.append_round(2000, 25);
  co_await w.all_durable();
  const auto before = w.log->size_bytes();
  const auto segments = co_await w.segments();
  BOOST_REQUIRE_GT(segments, 20u);
  BOOST_REQUIRE_EQUAL(co_await w.compact(), 1);
  co_await w.check_all();
  BOOST_REQUIRE_LT(w.log->size_bytes(), before / 5);
  BOOST_REQUIRE_LE(co_await w.segments(), 3u);
  const auto& figures = w.log->compaction();
  BOOST_REQUIRE_GT(figures.records_in, 1500u);
  BOOST_REQUIRE_LT(figures.records_out, 100u);
  co_await w.close();
  co_await w.open();
  BOOST_REQUIRE_EQUAL(w.log->next_offset().value(), 2000);
  co_await w.check_all();
  // Nothing is left to do, and after more appends the same again.
  BOOST_REQUIRE_EQUAL(co_await w.compact(), 0);
  w.append_round(1000, 40);
  co_await w.all_durable();
  BOOST_REQUIRE_EQUAL(co_await w.compact(), 1);
  co_await w.check_all();
  BOOST_REQUIRE_LE(co_await w.segments(), 4u);
  co_await w.close();
}

SEASTAR_TEST_CASE(every_offset_can_be_read_from_and_every_time_found) {
  keyed_world w(2);
  co_await w.open();
  const auto first_time = w.clock + 1;
  w.append_round(600, 7);
  co_await w.all_durable();
  co_await w.compact();
  const auto all = co_await w.read_all();
  const auto end = w.log->next_offset();
  for (int reopened = 0; reopened < 2; ++reopened) {
    for (std::int64_t at = 0; at < 600; ++at) {
      const auto got = co_await w.log->read(offset(at), {.below = end, .bytes = 1});
      BOOST_REQUIRE(got.has_value());
      const auto header = record::read_batch_header(got->batches);
      BOOST_REQUIRE(header.has_value());
      // A hole gives the next batch.
      const auto next = all.lower_bound(offset(at));
      BOOST_REQUIRE(header->base_offset <= next->first && header->next_offset() > offset(at));
      const auto found = co_await w.log->find_time(timestamp(first_time + at), end);
      BOOST_REQUIRE(found.has_value() && found->has_value());
      BOOST_REQUIRE_EQUAL((*found)->offset.value(), next->first.value());
    }
    const auto latest = co_await w.log->latest_time(end);
    BOOST_REQUIRE_EQUAL((*latest)->offset.value(), 599);
    const auto bounded = co_await w.log->latest_time(offset(300));
    const auto below = std::prev(all.lower_bound(offset(300)));
    if (all.begin()->first < offset(300)) {
      BOOST_REQUIRE_EQUAL((*bounded)->offset.value(), below->first.value());
    } else {
      BOOST_REQUIRE(!bounded->has_value());
    }
    co_await w.close();
    // Found by scanning, too.
    for (const auto& name : co_await w.files.list(w.directory)) {
      if (name.ends_with(".idx")) co_await w.files.remove(w.directory + "/" + name);
    }
    co_await w.open();
  }
  co_await w.close();
}

std::uint64_t weak_hash(std::string_view key) {
  return key.size() % 2;
}

SEASTAR_TEST_CASE(keys_with_one_hash_are_still_two_keys) {
  keyed_world w(3);
  w.hash = weak_hash;
  co_await w.open();
  w.append_round(900, 130);
  co_await w.all_durable();
  BOOST_REQUIRE_EQUAL(co_await w.compact(), 1);
  co_await w.check_all();
  co_await w.close();
}

SEASTAR_TEST_CASE(more_keys_than_memory_take_several_passes) {
  keyed_world w(4);
  w.memory = 64 * 1024;
  co_await w.open();
  const std::string padding(200, 'k');
  for (int i = 0; i < 1500; ++i) w.append({{padding + std::to_string(i % 700), "v"}});
  // A key larger than all of it.
  w.append({{std::string(100'000, 'K'), "old"}});
  w.append({{std::string(100'000, 'K'), "new"}});
  w.append_round(100, 10);
  co_await w.all_durable();
  BOOST_REQUIRE_GT(co_await w.compact(), 3);
  co_await w.check_all();
  co_await w.close();
  co_await w.open();
  co_await w.check_all();
  co_await w.close();
}

SEASTAR_TEST_CASE(every_codec_is_kept) {
  using enum record::codec;
  for (const auto codec : {none, gzip, snappy, lz4, zstd}) {
    keyed_world w(5);
    w.codec = codec;
    co_await w.open();
    for (int i = 0; i < 300; ++i) {
      std::vector<keyed_log::wanted> records;
      records.reserve(5);
      for (int j = 0; j < 5; ++j)
        records.emplace_back(fmt::format("key-{}", (i * 7 + j * 3) % 50), std::string(200, 'x'));
      w.append(records);
    }
    co_await w.all_durable();
    co_await w.compact();
    co_await w.check_all();
    const auto got = co_await w.log->read(offset(0), {.below = w.log->next_offset(), .bytes = 1});
    BOOST_REQUIRE(record::read_batch_header(got->batches)->compression() == codec);
    co_await w.close();
  }
}

SEASTAR_TEST_CASE(tombstones_stay_for_their_time_from_the_first_pass_on) {
  keyed_world w(6);
  w.rules.tombstone_ms = 10'000;
  co_await w.open();
  w.append({{"gone", "value"}});
  w.append({{"gone", std::nullopt}});
  w.append_round(200, 10);
  co_await w.all_durable();
  w.clock += 50'000;  // before the first pass no time counts
  BOOST_REQUIRE_EQUAL(co_await w.compact(), 1);
  auto all = co_await w.read_all();
  BOOST_REQUIRE(!all.contains(offset(0)) && all.contains(offset(1)));
  w.append_round(200, 10);
  co_await w.all_durable();
  w.clock += 9'000;
  BOOST_REQUIRE_EQUAL(co_await w.compact(), 1);
  all = co_await w.read_all();
  BOOST_REQUIRE(all.contains(offset(1)));
  co_await w.close();
  co_await w.open();
  w.append_round(200, 10);
  co_await w.all_durable();
  w.clock += 2'000;
  BOOST_REQUIRE_EQUAL(co_await w.compact(), 1);
  all = co_await w.read_all();
  BOOST_REQUIRE(!all.contains(offset(1)));
  w.check(all, true);
  co_await w.close();
}

SEASTAR_TEST_CASE(producers_are_known_from_what_compaction_left) {
  keyed_world w(7);
  co_await w.open();
  w.producer = producer_id(77);
  w.append({{"a", "1"}, {"b", "1"}});
  const auto last = w.sequence;
  w.producer = no_producer_id;
  w.append_round(300, 5);
  w.append({{"a", "2"}, {"b", "2"}});
  w.append_round(100, 5);
  co_await w.all_durable();
  BOOST_REQUIRE_EQUAL(co_await w.compact(), 1);
  co_await w.check_all();
  co_await w.close();
  // No snapshot: only the log can tell.
  for (const auto& name : co_await w.files.list(w.directory)) {
    if (name.ends_with("producers") || name.ends_with(".idx"))
      co_await w.files.remove(w.directory + "/" + name);
  }
  co_await w.open();
  const auto* state = w.log->producers().find(producer_id(77));
  BOOST_REQUIRE(state && state->count == 1);
  BOOST_REQUIRE_EQUAL(state->batches[0].last_sequence, last - 1);
  BOOST_REQUIRE_EQUAL(state->batches[0].last_offset.value(), 1);
  co_await w.check_all();
  co_await w.close();
}

SEASTAR_TEST_CASE(terms_and_votes_outlive_the_frames_around_them) {
  keyed_world w(8);
  co_await w.open();
  std::vector<log::term_entry> before;
  for (std::uint64_t t = 1; t <= 6; ++t) {
    w.append_term_start(term(t));
    for (int i = 0; i < 150; ++i)
      w.append({{fmt::format("k{}", i % 4), std::string(100, 'v')}}, term(t));
    const auto body = log::encode(log::vote{.term = term(t + 1), .voted_for = node_id(1)});
    const fragments vote(bytes::copy({body.data(), body.size()}));
    w.log->append({.kind = log::frame_kind::vote,
                   .body_size = static_cast<std::uint32_t>(vote.size()),
                   .body_crc = log::body_crc(vote),
                   .term = term(t + 1),
                   .index = w.log->last_index() + 1,
                   .base_offset = w.log->next_offset(),
                   .append_time = timestamp(w.clock)},
                  vote, nullptr);
  }
  // So that all votes are in closed segments.
  for (int i = 0; i < 50; ++i) w.append({{"k", std::string(100, 'v')}}, term(6));
  co_await w.all_durable();
  before = w.log->terms().entries();
  BOOST_REQUIRE_EQUAL(before.size(), 6u);
  co_await w.compact();
  BOOST_REQUIRE(w.log->terms().entries() == before);
  co_await w.close();
  co_await w.open();
  BOOST_REQUIRE(w.log->terms().entries() == before);
  BOOST_REQUIRE(w.log->last_vote() == (log::vote{.term = term(7), .voted_for = node_id(1)}));
  co_await w.close();
  // From the frames alone.
  for (const auto& name : co_await w.files.list(w.directory)) {
    if (name == "terms" || name.ends_with(".idx"))
      co_await w.files.remove(w.directory + "/" + name);
  }
  co_await w.open();
  BOOST_REQUIRE(w.log->terms().entries() == before);
  BOOST_REQUIRE_EQUAL(w.log->last_term().value(), 6u);
  co_await w.check_all();
  co_await w.close();
}

SEASTAR_TEST_CASE(a_segment_too_young_stays_and_one_too_old_is_rolled) {
  keyed_world w(9);
  w.rules.lag_ms_min = 100'000;
  co_await w.open();
  w.append_round(300, 3);
  co_await w.all_durable();
  BOOST_REQUIRE_EQUAL(co_await w.compact(), 0);
  w.clock += 100'001;
  BOOST_REQUIRE_EQUAL(co_await w.compact(), 1);
  co_await w.check_all();
  // Nothing is appended, so nothing is closed, until the longest lag has passed.
  w.rules.lag_ms_min = 0;
  w.rules.lag_ms_max = 500'000;
  w.rules.dirty_ratio_min = 1;
  w.append_round(20, 3);
  co_await w.all_durable();
  BOOST_REQUIRE_EQUAL(co_await w.compact(), 0);
  w.clock += 500'001;
  BOOST_REQUIRE_EQUAL(co_await w.compact(), 1);
  BOOST_REQUIRE_EQUAL(w.log->first_dirty().value(), w.log->next_offset().value());
  co_await w.check_all();
  // What is last on disk is compacted now, and the log goes on behind it.
  co_await w.crash_and_open();
  BOOST_REQUIRE_EQUAL(w.log->next_offset().value(), 320);
  co_await w.check_all();
  w.append_round(100, 3);
  co_await w.all_durable();
  co_await w.check_all();
  co_await w.close();
  co_await w.open();
  BOOST_REQUIRE_EQUAL(w.log->next_offset().value(), 420);
  co_await w.check_all();
  co_await w.close();
}

SEASTAR_TEST_CASE(a_reader_in_a_hole_at_the_end_can_go_on) {
  keyed_world w(10);
  w.rules.tombstone_ms = 0;
  w.rules.lag_ms_max = 1'000;
  co_await w.open();
  w.append_round(100, 1);
  w.append({{"key-0", std::nullopt}});
  co_await w.all_durable();
  for (int i = 0; i < 3; ++i) {
    w.clock += 2'000;
    co_await w.compact();
    w.append({{"other", "x"}});
    w.append({{"other", std::nullopt}});
    co_await w.all_durable();
  }
  w.clock += 2'000;
  co_await w.compact();
  auto at = w.log->start_offset();
  while (at < w.log->next_offset()) {
    const auto got = co_await w.log->read(at, {.below = w.log->next_offset(), .bytes = 1'000});
    BOOST_REQUIRE(got.has_value());
    BOOST_REQUIRE_GT(got->next.value(), at.value());
    at = got->next;
  }
  co_await w.close();
}

SEASTAR_TEST_CASE(damage_ends_the_pass_and_nothing_else) {
  keyed_world w(11);
  co_await w.open();
  w.append_round(300, 5);
  co_await w.all_durable();
  const auto victim = w.directory + "/" + log::segment_file_name(log_index(1));
  w.files.rot(victim, 5000);
  BOOST_REQUIRE_EXCEPTION(co_await w.log->compact(w.work()), std::runtime_error, [](const auto& e) {
    return std::string(e.what()).find("damaged at position") != std::string::npos;
  });
  BOOST_REQUIRE_EQUAL(w.log->compaction().failures, 1u);
  BOOST_REQUIRE(!w.log->failed());
  w.append_round(10, 5);
  co_await w.all_durable();
  w.files.rot(victim, 5000);  // well again
  BOOST_REQUIRE_EQUAL(co_await w.compact(), 1);
  co_await w.check_all();
  for (const auto& name : co_await w.files.list(w.directory))
    BOOST_REQUIRE(!name.ends_with(".new"));
  co_await w.close();
}

SEASTAR_TEST_CASE(terms_that_began_in_segments_that_need_no_scan_are_known_after_a_restart) {
  keyed_world w(12);
  co_await w.open();
  for (std::uint64_t t = 1; t <= 4; ++t) {
    w.append_term_start(term(t));
    for (int i = 0; i < 150; ++i) w.append({{"k", std::string(100, 'v')}}, term(t));
  }
  co_await w.all_durable();
  const auto before = w.log->terms().entries();
  co_await w.close();
  co_await w.open();
  BOOST_REQUIRE(w.log->terms().entries() == before);
  co_await w.close();
}

}  // namespace
}  // namespace weir::store
