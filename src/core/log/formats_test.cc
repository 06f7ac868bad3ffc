// The worked examples of docs/formats decode to what the pages say.
#include <catch2/catch_all.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "core/base/crc32c.h"
#include "core/log/checkpoint.h"
#include "core/log/cleaner_checkpoint.h"
#include "core/log/cut_record.h"
#include "core/log/group_record.h"
#include "core/log/journal.h"
#include "core/log/producer_sequences.h"
#include "core/log/reset_record.h"
#include "core/log/scan.h"
#include "core/log/segment_header.h"
#include "core/log/segment_index.h"
#include "core/log/term_map.h"

namespace weir::log {
namespace {

// The bytes of the page's nth hex block, each line at the address that it begins with.
std::string example(const std::string& page, int nth = 0) {
  const char* root = std::getenv("WEIR_SOURCE");
  std::ifstream in(std::string(root ? root : ".") + "/docs/formats/" + page);
  std::string line, out;
  bool inside = false;
  int block = -1;
  while (std::getline(in, line)) {
    if (line == "```hex") {
      inside = true;
      ++block;
    } else if (line == "```") {
      inside = false;
    } else if (inside && block == nth) {
      std::istringstream words(line);
      std::size_t at = 0;
      unsigned byte = 0;
      words >> std::hex >> at;
      out.resize(std::max(out.size(), at));
      while (words >> byte) out.push_back(static_cast<char>(byte));
    }
  }
  REQUIRE(!out.empty());
  return out;
}

constexpr std::uint64_t salt = 0x1122334455667788;

TEST_CASE("docs/formats/segment.md") {
  const auto file = example("segment.md");
  const auto header = decode_segment_header(file);
  REQUIRE(header);
  CHECK(header->salt == salt);
  CHECK(header->first_index == log_index(7));
  CHECK(header->first_offset == offset(100));
  CHECK(header->last_vote == vote{term(3), node_id(1)});
  CHECK(header->topic == uuid{0x0011223344556677, 0x8899aabbccddeeff});
  CHECK(header->partition == partition_id(2));
  CHECK(header->created == timestamp(1700000000000));
  std::array<char, segment_header_size> again;
  encode(*header, again);
  CHECK(file.starts_with(std::string_view(again.data(), again.size())));

  scanner scan({.salt = header->salt,
                .end = position(file.size()),
                .next_index = header->first_index,
                .next_offset = header->first_offset});
  scan.feed(scan.wanted(), std::string_view(file).substr(segment_header_size));
  std::vector<frame_kind> kinds;
  frame_head last;
  while (auto frame = scan.next()) {
    kinds.push_back(frame->head.kind);
    last = frame->head;
  }
  CHECK(kinds == std::vector{frame_kind::term_start, frame_kind::vote, frame_kind::command,
                             frame_kind::batch});
  CHECK(last.index == log_index(9));
  CHECK(last.base_offset == offset(101));
  CHECK(last.offset_count == 2);
  CHECK(scan.result().tail == tail_state::clean);
  CHECK(scan.result().last_vote == vote{term(4), node_id(2)});
}

TEST_CASE("docs/formats/segment.md: compacted") {
  const auto file = example("segment.md", 1);
  const auto header = decode_segment_header(file);
  REQUIRE((header && header->compacted));
  CHECK(header->first_index == log_index(7));
  CHECK(header->last_vote == vote{term(5), node_id(2)});
  CHECK(*header->compacted == compacted_span{.next_index = log_index(41),
                                             .next_offset = offset(200),
                                             .end = position(file.size()),
                                             .last_term = term(6)});
  CHECK(header->forgotten == log_index(30));
  std::array<char, segment_header_size> again;
  encode(*header, again);
  CHECK(file.starts_with(std::string_view(again.data(), again.size())));
  scanner scan({.salt = header->salt,
                .end = position(file.size()),
                .flushed_through = header->compacted->end,
                .next_index = header->first_index,
                .next_offset = header->first_offset,
                .allow_gaps = true});
  scan.feed(scan.wanted(), std::string_view(file).substr(segment_header_size));
  const auto only = scan.next();
  REQUIRE(only);
  CHECK(only->head.index == log_index(12));
  CHECK(only->head.next_offset() == offset(122));
  CHECK_FALSE(scan.next());
  CHECK(scan.result().tail == tail_state::clean);
}

TEST_CASE("docs/formats/cleaner.md") {
  CHECK(decode_cleaner_checkpoint(example("cleaner.md")) ==
        cleaner_checkpoint{.first_dirty = offset(200), .written = timestamp(1700000001000)});
}

TEST_CASE("docs/formats/index.md") {
  const auto index = segment_index::decode(example("index.md"), salt, log_index(7), 1 << 20);
  REQUIRE(index);
  CHECK(index->entries() == 1);
  CHECK(index->find(offset(103)) == place{log_index(8), offset(103), position(4096 + 20'056)});
  CHECK(index->totals().max_timestamp == timestamp(1700000000400));
  CHECK(index->totals().max_timestamp_offset == offset(102));
}

TEST_CASE("docs/formats/producer-snapshot.md") {
  const auto back = producer_sequences::decode(fragments::copy(example("producer-snapshot.md")));
  REQUIRE(back);
  CHECK(back->covers == log_index(8));
  const auto again = back->producers.check({producer_id(4000), producer_epoch(1), 0, 3});
  REQUIRE((again && *again));
  CHECK((*again)->base_offset == offset(100));
  CHECK(back->producers.in_transaction(producer_id(4000), producer_epoch(1)));
  CHECK(back->producers.find(producer_id(4000))->coordinator_epoch == 2);
  CHECK(back->producers.first_unstable() == offset(90));
  CHECK(back->producers.aborted().within(offset(97), offset(98)).size() == 1);
  CHECK(back->producers.encode(back->covers) == fragments::copy(example("producer-snapshot.md")));
}

TEST_CASE("docs/formats/journal.md") {
  const auto file = example("journal.md");
  const auto header = decode_journal_header(file);
  CHECK(header == journal_header{.salt = salt, .generation = 5, .first_sequence = 40});
  const auto record = decode_record(file.substr(journal_block), salt, position(journal_block));
  REQUIRE(record);
  CHECK(record->sequence == 40);
  const auto rest = file.substr(journal_block + journal_record_head_size);
  const auto table = decode_table(*record, rest.substr(0, record->table_size()));
  REQUIRE((table && table->size() == 2));
  CHECK(table->front().at == position(24'308));
  CHECK(table->back().kind == journal_kind::cut);
  const auto data = rest.substr(record->table_size());
  CHECK(data == "hello world");
  CHECK(crc32c(data) == record->bytes_crc);
}

const std::string told{"\x01\x03\0\0\x01\0\0\0\x02\0\0\0\x03\0\0\0", 16};
const std::string with_learner{"\x01\x03\0\x01\x01\0\0\0\x02\0\0\0\x03\0\0\0\x04\0\0\0", 20};

TEST_CASE("docs/formats/group.md") {
  const auto page = example("group.md");
  const auto group = decode_group_record(page);
  REQUIRE(group);
  CHECK(*group == group_record{.last_vote = {.term = term(9), .voted_for = node_id(2)},
                               .began = told,
                               .configurations = {{log_index(40), with_learner}}});
  CHECK(encode(*group) == page);
  for (std::size_t i = 0; i < page.size(); ++i) {
    auto damaged = page;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    CHECK_FALSE(decode_group_record(damaged));
    CHECK_FALSE(decode_group_record(std::string_view(page).substr(0, i)));
  }
  const group_record joined{.began = std::string()};
  CHECK(decode_group_record(encode(joined)) == joined);
  CHECK(decode_group_record(encode(group_record{})) == group_record{});
  group_record full{.held_index = log_index(70), .held_term = term(8), .began = told};
  full.configurations = {{log_index(40), with_learner}};
  full.starts = {{log_index(50), offset(44)}, {log_index(52), offset(45)}};
  full.forced = placed_body{log_index(60), told};
  CHECK(decode_group_record(encode(full)) == full);
  for (std::size_t i = 0; i < encode(full).size(); ++i)
    CHECK_FALSE(decode_group_record(encode(full).substr(0, i)));
  full.starts[1].index = log_index(50);
  CHECK(decode_group_record(encode(full)).error() == log_error::bad_field);
}

TEST_CASE("the later vote binds") {
  const vote older{.term = term(3), .voted_for = node_id(5)};
  const vote entered{.term = term(4)};
  const vote given{.term = term(4), .voted_for = node_id(0)};
  CHECK(later_of(older, entered) == entered);
  CHECK(later_of(given, entered) == given);
  CHECK(later_of(entered, given) == given);
}

TEST_CASE("docs/formats/reset.md") {
  const auto page = example("reset.md");
  const auto reset = decode_reset_record(page);
  REQUIRE(reset);
  CHECK(*reset == reset_record{.salt = salt,
                               .last_index = log_index(100),
                               .last_term = term(7),
                               .next_offset = offset(5000),
                               .forgotten = log_index(99),
                               .created = timestamp(1700000000000),
                               .members = with_learner,
                               .producers = "hello"});
  CHECK(encode(*reset) == page);
  for (std::size_t i = 0; i < page.size(); ++i) {
    auto damaged = page;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    CHECK_FALSE(decode_reset_record(damaged));
    CHECK_FALSE(decode_reset_record(std::string_view(page).substr(0, i)));
  }
}

TEST_CASE("docs/formats/cut.md") {
  const auto page = example("cut.md");
  const auto cut = decode_cut_record(page);
  REQUIRE(cut);
  CHECK(*cut ==
        cut_record{
            .salt = salt, .first_index = log_index(7), .end = position(20'485), .kept = "hello"});
  CHECK(encode(*cut) == page);
  for (std::size_t i = 0; i < page.size(); ++i) {
    auto damaged = page;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    CHECK(!decode_cut_record(damaged));
    CHECK(!decode_cut_record(page.substr(0, i)));
  }
}

TEST_CASE("docs/formats/checkpoint.md") {
  const auto c = decode_checkpoint(example("checkpoint.md"));
  REQUIRE(c);
  CHECK(c->clean);
  CHECK(c->active_salt == salt);
  CHECK(c->flushed_through == position(24'308));
  CHECK(c->start_offset == offset(20));
  const auto terms = term_map::decode(example("checkpoint.md", 1));
  REQUIRE(terms);
  CHECK(terms->end_of(term(3), offset(104)) == term_end{term(3), offset(100)});
}

}  // namespace
}  // namespace weir::log
