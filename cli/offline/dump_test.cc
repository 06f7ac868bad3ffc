#include "cli/offline/dump.h"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "cli/offline/data_dir_test.h"
#include "cli/offline/kinds.h"
#include "core/log/group_record.h"
#include "core/log/reset_record.h"

namespace weir::offline::test {
namespace {

std::string shown(const std::string& path, const dump_order& order = {}, bool good = true) {
  std::string out;
  CHECK(dump(open_source(path), order, [&](const std::string& l) { out += l + "\n"; }) == good);
  return out;
}

bool has(const std::string& text, const std::string& words) {
  return text.find(words) != std::string::npos;
}

TEST_CASE("a segment's frames and records in words") {
  data_dir d;
  partition_writer p(d.partition(), data_dir::topic, partition_id(0));
  p.new_term();
  record::batch_builder b({.base_offset = offset(0), .leader_epoch = 2});
  const record::new_header header{.key = "h\x1b[1m", .value = std::nullopt};
  b.add({.time = timestamp(0),
         .key = "a\nb",
         .value = "caf\xc3\xa9 \xff\x1b]",
         .headers = {&header, 1}});
  b.add({.time = timestamp(1), .key = std::nullopt, .value = std::nullopt, .headers = {}});
  p.raw_batch(b.finish(), 2);
  p.stop();
  const auto file = d.partition() + "/" + p.name(".log");
  const auto text = shown(file, {.records = true});
  INFO(text);
  CHECK(has(text, "segment  first_index 1  first_offset 0  topic AAAAAAAAAAEAAAAAAAAAAg"));
  CHECK(has(text, "term_start  at 4096  index 1  term 2"));
  CHECK(has(text, "batch  at 4152  index 2  term 2  offset 0  last_offset 1"));
  CHECK(has(text,
            "  record  offset 0  time 1970-01-01T00:00:00.000Z  key \"a\\nb\"  value "
            "\"caf\xc3\xa9 \\xff\\x1b]\"  header h\\x1b[1m=null"));
  CHECK(has(text, "  record  offset 1  time 1970-01-01T00:00:00.001Z  key null  value null"));
  const auto from = shown(file, {.records = true, .from = 1});
  CHECK(!has(from, "record  offset 0"));
  CHECK(has(from, "record  offset 1"));
  CHECK(!has(shown(file, {.count = 1}), "batch"));
  const auto json = shown(file, {.records = true, .as_json = true});
  const auto lines = nlohmann::json::parse("[" + [&] {
    auto all = json;
    for (auto& c : all)
      if (c == '\n') c = ',';
    all.pop_back();
    return all;
  }() + "]");
  REQUIRE(lines.size() == 5);
  CHECK(lines[3]["key"] == "a\nb");
  CHECK(lines[3]["value_base64"] == "Y2Fmw6kg/xtd");
  CHECK(lines[3]["headers"][0]["name"] == "h\x1b[1m");
  CHECK(lines[4]["key"].is_null());
}

TEST_CASE("damage is shown where it is, and what is behind it, too") {
  data_dir d;
  d.write_partition();
  const auto file = d.partition() + "/00000000000000000001.log";
  d.flip(file, 4096 + 56 + 10'000);
  const auto text = shown(file, {}, false);
  CHECK(has(text, "damage  at "));
  CHECK(has(text, "last_offset 29"));
  CHECK(!has(text, "last_offset 5 "));
}

TEST_CASE("commands of the catalog in words") {
  data_dir d;
  d.write_catalog();
  const auto text = shown(d.path + "/catalog/00000000000000000001.log");
  INFO(text);
  CHECK(has(text, "command cluster created: id AAAAAAAAAAkAAAAAAAAACQ"));
  CHECK(has(text,
            "command topic created: orders, id AAAAAAAAAAEAAAAAAAAAAg, 1 partitions on 1, "
            "cleanup.policy=compact"));
}

TEST_CASE("the files beside the segments, by what they begin with") {
  data_dir d;
  d.write_partition();
  const auto at = [&](const std::string& name) { return d.partition() + "/" + name; };
  CHECK(has(shown(at("00000000000000000012.idx")), "index  first_index 12  first_offset 30  end "));
  CHECK(has(shown(at("00000000000000000012.idx")), "  entry  index "));
  CHECK(has(shown(at("00000000000000000012.producers")),
            "producers  covers_index 22  producers 1  open_transactions 0  aborted_transactions 0\n"
            "  producer  id 7  epoch 0"));
  CHECK(has(shown(at("terms")), "  term  term 3  index 12  offset 30"));
  std::filesystem::rename(at("checkpoint"), at("copy.bin"));
  CHECK(has(shown(at("copy.bin")), "checkpoint  closed_in_order yes  active_segment 12"));
  CHECK(has(shown(d.path + "/format"), "number  value 1"));
  const auto cleaner =
      log::encode(log::cleaner_checkpoint{.first_dirty = offset(40), .written = timestamp(1000)});
  spill(at("cleaner"), small_file({cleaner.data(), cleaner.size()}));
  CHECK(has(shown(at("cleaner")), "cleaner  compacted_below 40"));
  const log::group_record group{
      .last_vote = {.term = term(4), .voted_for = node_id(2)},
      .began = std::string("\x01\x02\0\0\x01\0\0\0\x02\0\0\0", 12),
      .configurations = {{log_index(9), std::string("\x01\x01\0\x01\x05\0\0\0\x06\0\0\0", 12)}}};
  spill(at("group"), small_file(log::encode(group)));
  CHECK(has(shown(at("group")), "group  voted_in_term 4  voted_for 2  began_with"));
  CHECK(has(shown(at("group")), "voters 1 2"));
  CHECK(has(shown(at("group")), "voters 5, learners 6"));
  const log::reset_record reset{.last_index = log_index(77), .next_offset = offset(5)};
  spill(at("reset"), small_file(log::encode(reset)));
  CHECK(has(shown(at("reset")), "reset  last_index 77"));
  spill(d.path + "/other", "hello");
  CHECK(has(shown(d.path + "/other", {}, false), "does not begin like any file of Weir"));
  CHECK_THROWS_AS(open_source(d.path + "/absent"), read_failed);
  CHECK_THROWS_AS(open_source(d.path), read_failed);
}

TEST_CASE("readable text shows no control character") {
  CHECK(readable("a\tb\\\x7f\xc2\x9b") == "a\\tb\\\\\\x7f\\xc2\\x9b");
  CHECK(readable("\xe2\x82\xac\xe2\x82") == "\xe2\x82\xac\\xe2\\x82");
  CHECK(readable("abcdef", 4) == "abcd… (2 bytes more)");
}

}  // namespace
}  // namespace weir::offline::test
