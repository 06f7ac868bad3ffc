#include "core/log/journal_scan.h"

#include <catch2/catch_test_macros.hpp>

#include "core/base/crc32c.h"

namespace weir::log {
namespace {

constexpr std::uint64_t salt = 5;

struct built_journal {
  std::string file = encode(journal_header{.salt = salt, .generation = 1, .first_sequence = 40});
  std::uint64_t sequence = 40;
  std::vector<std::size_t> starts;

  void record(std::uint64_t at, std::string_view data, journal_kind kind = journal_kind::bytes) {
    const journal_entry entry{.topic = uuid{1, 2},
                              .kind = kind,
                              .segment = log_index(1),
                              .salt = 9,
                              .at = position(at),
                              .size = static_cast<std::uint32_t>(data.size())};
    starts.push_back(file.size());
    file += encode_record(sequence++, {&entry, 1}, crc32c(data), salt, position(file.size()));
    file += data;
    file.resize((file.size() + journal_block - 1) / journal_block * journal_block);
  }
};

struct scanned {
  std::vector<journal_found> records;
  std::optional<position> damaged_at;
  journal_extents extents;
};

scanned scan(const std::string& file) {
  scanned out;
  journal_scanner scanner(*decode_journal_header(file), file.size());
  while (!scanner.done()) {
    const auto range = scanner.wanted();
    scanner.feed(std::string_view(file).substr(std::min<std::size_t>(range.at.value(), file.size()),
                                               range.size));
    if (auto record = scanner.take()) {
      if (record->whole) add_extents(out.extents, *record, 0);
      out.records.push_back(std::move(*record));
    }
  }
  out.damaged_at = scanner.damaged_at();
  return out;
}

TEST_CASE("a journal's records are read in order, and a cut takes back what was there") {
  built_journal j;
  j.record(5000, std::string(9000, 'a'));
  j.record(14'000, "bbbb");
  j.record(14'002, "", journal_kind::cut);
  j.file.append(3 * journal_block, '\0');
  const auto found = scan(j.file);
  REQUIRE(found.records.size() == 3);
  CHECK(!found.damaged_at);
  CHECK(found.records[1].sequence == 41);
  REQUIRE(found.extents.size() == 1);
  const auto& extents = found.extents.begin()->second;
  REQUIRE(extents.size() == 2);
  CHECK(extents[1].size == 2);
  CHECK(j.file.substr(extents[1].source_at, 2) == "bb");
}

TEST_CASE("a journal cut anywhere is torn, never damaged") {
  built_journal j;
  for (int i = 0; i < 3; ++i) j.record(5000, std::string(6000, 'a'));
  for (std::size_t cut = journal_block; cut < j.file.size(); cut += 97) {
    const auto found = scan(j.file.substr(0, cut));
    CHECK(!found.damaged_at);
    CHECK(found.records.size() <= 3);
    for (const auto& r : found.records) CHECK(r.whole);
  }
}

TEST_CASE("a bad record with a later one behind it is damage; the last one is torn") {
  built_journal j;
  for (int i = 0; i < 3; ++i) j.record(5000, std::string(6000, 'a'));
  auto bytes = j.file;
  bytes[j.starts[1] + 200] ^= 1;
  const auto in_bytes = scan(bytes);
  REQUIRE(in_bytes.records.size() == 3);
  CHECK(!in_bytes.records[1].whole);
  CHECK(in_bytes.records[1].table.size() == 1);
  CHECK(!in_bytes.damaged_at);
  auto head = j.file;
  head[j.starts[1] + 16] ^= 1;
  const auto in_head = scan(head);
  CHECK(in_head.records.size() == 1);
  CHECK(in_head.damaged_at == position(j.starts[1]));
  auto last = j.file;
  last[j.starts[2] + 200] ^= 1;
  const auto in_last = scan(last);
  CHECK(in_last.records.size() == 2);
  CHECK(!in_last.damaged_at);
}

}  // namespace
}  // namespace weir::log
