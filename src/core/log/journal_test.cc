#include "core/log/journal.h"

#include <catch2/catch_all.hpp>

#include "core/base/crc32c.h"

namespace weir::log {
namespace {

const journal_entry some{.topic = {7, 8},
                         .partition = partition_id(3),
                         .segment = log_index(100),
                         .salt = 99,
                         .at = position(5000),
                         .size = 11};
const journal_entry taken_back{.topic = {7, 8},
                               .partition = partition_id(4),
                               .kind = journal_kind::cut,
                               .segment = log_index(1),
                               .salt = 98,
                               .at = position(4096)};
constexpr std::string_view data = "hello world";
constexpr std::uint64_t salt = 0x1234;
constexpr position here{8192};

std::string record() {
  const std::vector entries{some, taken_back};
  return encode_record(17, entries, crc32c(data), salt, here) + std::string(data);
}

TEST_CASE("a journal record reads back as it was written") {
  const auto all = record();
  const auto head = decode_record(all, salt, here);
  REQUIRE(head);
  CHECK(head->sequence == 17);
  CHECK(head->bytes == data.size());
  CHECK(head->bytes_crc == crc32c(data));
  CHECK(head->size() == journal_block);
  const auto table = decode_table(*head, std::string_view(all).substr(32, head->table_size()));
  REQUIRE(table);
  CHECK(*table == std::vector{some, taken_back});
}

TEST_CASE("a record of another turn, or moved, is none") {
  CHECK(decode_record(record(), salt + 1, here).error() == log_error::bad_checksum);
  CHECK(decode_record(record(), salt, here + 4096).error() == log_error::bad_checksum);
  CHECK(decode_record(record().substr(0, 31), salt, here).error() == log_error::cut_off);
}

TEST_CASE("every flipped bit of head and table is found") {
  const auto whole = record();
  for (std::size_t bit = 0; bit < (whole.size() - data.size()) * 8; ++bit) {
    auto all = whole;
    all[bit / 8] = static_cast<char>(all[bit / 8] ^ (1 << bit % 8));
    const auto head = decode_record(all, salt, here);
    CHECK(bool(head) == (bit >= journal_record_head_size * 8));
    if (head)
      CHECK_FALSE(decode_table(*head, std::string_view(all).substr(32, head->table_size())));
  }
}

TEST_CASE("tables that contradict themselves are refused") {
  const auto check = [&](journal_entry e, std::uint32_t bytes) {
    const auto all = encode_record(1, std::vector{e}, 0, salt, here);
    auto h = decode_record(all, salt, here);
    REQUIRE(h);
    h->bytes = bytes;
    return decode_table(*h, std::string_view(all).substr(journal_record_head_size));
  };
  CHECK(check(some, 11));
  CHECK(check(some, 12).error() == log_error::bad_field);
  auto e = some;
  e.kind = journal_kind::cut;  // with a size
  CHECK(check(e, 11).error() == log_error::bad_field);
  e.kind = journal_kind(2);
  CHECK(check(e, 11).error() == log_error::bad_field);
  e = some;
  e.partition = partition_id(-1);
  CHECK(check(e, 11).error() == log_error::bad_field);
}

TEST_CASE("a journal's first block") {
  const journal_header header{.salt = 1, .generation = 2, .first_sequence = 3};
  auto block = encode(header);
  CHECK(block.size() == journal_block);
  CHECK(decode_journal_header(block) == header);
  block[8] = 2;
  CHECK(decode_journal_header(block).error() == log_error::newer_version);
  block[8] = 1;
  block[17] ^= 1;
  CHECK(decode_journal_header(block).error() == log_error::bad_checksum);
  CHECK(decode_journal_header("").error() == log_error::cut_off);
  CHECK(decode_journal_header(std::string(4096, '\0')).error() == log_error::bad_magic);
}

TEST_CASE("journal file names") {
  CHECK(journal_file_name(12, 1) == "12-1.journal");
  const auto place = parse_journal_file_name("12-1.journal");
  REQUIRE(place);
  CHECK((place->shard == 12 && place->slot == 1));
  for (const auto* name : {"12.journal", "-1.journal", "1-.journal", "a-1.journal", "1-1",
                           "1-1x.journal", "99999999999-1.journal"})
    CHECK_FALSE(parse_journal_file_name(name));
}

}  // namespace
}  // namespace weir::log
