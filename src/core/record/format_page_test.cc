// docs/formats/record-batch.md: its worked example is what it says.
#include <catch2/catch_all.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "core/record/record_reader.h"
#include "core/record/test_bytes.h"

namespace weir::record {
namespace {

std::filesystem::path source_tree() {
  if (const char* given = std::getenv("WEIR_SOURCE")) return given;
  return std::filesystem::path(__FILE__).parent_path() / "../../..";
}

// The digits at the start of each line of the page's hex block, up to two spaces or a word.
std::string example() {
  std::ifstream page(source_tree() / "docs/formats/record-batch.md");
  REQUIRE(page);
  std::string line;
  while (std::getline(page, line) && line != "```hex") {
  }
  std::string hex;
  constexpr std::size_t text_column = 18;
  while (std::getline(page, line) && line != "```") {
    for (const char c : line.substr(0, text_column)) {
      if (c != ' ') hex.push_back(c);
    }
  }
  return testing::from_hex(hex);
}

TEST_CASE("the worked example of the page") {
  const auto all = testing::in_pieces(example(), 10);
  REQUIRE(all.size() == 95);
  const auto header = read_batch_header(all);
  REQUIRE(header);
  CHECK(header->size() == all.size());
  CHECK(header->base_offset == offset(1));
  CHECK(header->leader_epoch == 0);
  CHECK(header->crc == batch_crc(all, 0, all.size()));
  CHECK(header->attributes == 0);
  CHECK(header->last_offset() == offset(2));
  CHECK(header->base_timestamp == timestamp(1'700'000'000'000));
  CHECK(header->max_timestamp == timestamp(1'700'000'000'250));
  CHECK(header->producer == producer_id(1));
  CHECK(header->epoch == producer_epoch(0));
  CHECK(header->base_sequence == 0);
  CHECK(header->record_count == 2);

  record_reader reader(*header, all, 1000);
  record one;
  REQUIRE(*reader.next(one));
  CHECK(one.key->view() == "JFK");
  CHECK(one.value->str() == "delayed");
  REQUIRE(one.headers.size() == 1);
  CHECK(one.headers[0].key.view() == "src");
  CHECK(one.headers[0].value->view() == "x");
  REQUIRE(*reader.next(one));
  CHECK(one.offset == offset(2));
  CHECK(one.time == timestamp(1'700'000'000'250));
  CHECK(one.key->view() == "EWR");
  CHECK(!one.value);
  CHECK_FALSE(*reader.next(one));
}

}  // namespace
}  // namespace weir::record
