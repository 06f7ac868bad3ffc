// A directory that is right has no finding; one planted defect gives exactly its own.
#include <fmt/format.h>
#include <catch2/catch_test_macros.hpp>

#include "cli/offline/data_dir_test.h"
#include "cli/offline/directory_check.h"
#include "core/log/group_record.h"

namespace weir::offline::test {
namespace {

findings verify(const std::string& path, const std::string& topic = "", unsigned jobs = 1) {
  progress p;
  return check({.path = path, .topic = topic, .jobs = jobs}, p, [](const findings&) {});
}

std::string all_of(const findings& f) {
  std::string out;
  for (const auto& x : f.kept())
    out += fmt::format("{} {} at {}: {}\n", static_cast<int>(x.how), x.file, x.position.value_or(0),
                       x.what);
  return out;
}

constexpr const char* label = "topics/orders.AAAAAAAAAAEAAAAAAAAAAg/0/";
constexpr const char* first = "00000000000000000001";
constexpr const char* second = "00000000000000000012";

struct filled : data_dir {
  filled() {
    write_catalog();
    write_partition();
  }
  [[nodiscard]] std::string file(const std::string& name) const { return partition() + "/" + name; }

  // Exactly one finding, of this level and file, whose text has these words.
  void has_one(level how, const std::string& name, const std::string& words) const {
    const auto found = verify(path);
    INFO(all_of(found));
    REQUIRE(found.kept().size() == 1);
    CHECK(found.kept()[0].how == how);
    CHECK(found.kept()[0].file == name);
    CHECK(found.kept()[0].what.find(words) != std::string::npos);
  }
};

TEST_CASE("a good directory has no findings, and everything in it is counted") {
  const filled d;
  for (const unsigned jobs : {1U, 3U}) {
    const auto found = verify(d.path, "", jobs);
    INFO(all_of(found));
    CHECK(found.kept().empty());
    CHECK(found.seen.topics == 1);
    CHECK(found.seen.partitions == 1);
    CHECK(found.seen.segments == 3);
    CHECK(found.seen.batches == 20);
    CHECK(found.seen.records == 60);
    CHECK(found.seen.frames == 24);
  }
  CHECK(verify(d.partition()).kept().empty());
  CHECK(verify(d.partition()).seen.records == 60);
  CHECK(verify(d.file(std::string(second) + ".log")).seen.records == 30);
  CHECK(verify(d.file("terms")).kept().empty());
  CHECK(verify(d.path, "orders").seen.records == 60);
  CHECK_THROWS_AS(verify(d.path, "nothing"), nothing_to_check);
  CHECK_THROWS_AS(verify(d.path + "/absent"), nothing_to_check);
}

TEST_CASE("a flipped bit of a record is damage at its frame, with the offsets that are lost") {
  const filled d;
  // Frames: a term start, then batches of 9 KiB: the second one holds offsets 3 to 5.
  d.flip(d.file(std::string(first) + ".log"), 4096 + 56 + 10'000);
  d.has_one(level::damage, std::string(label) + first + ".log", "offsets 3 to 5 are lost");
  const auto found = verify(d.path);
  CHECK(found.kept()[0].offset == 3);
  CHECK(found.seen.records == 57);
}

TEST_CASE("damage of the last frame of the last segment, which was durable, is damage") {
  const filled d;
  const auto path = d.file(std::string(second) + ".log");
  auto content = slurp(path);
  const auto end = content.find_last_not_of('\0');
  d.flip(path, end - 2);
  d.has_one(level::damage, std::string(label) + second + ".log", "durable");
}

TEST_CASE("a header that is damaged") {
  const filled d;
  d.flip(d.file(std::string(first) + ".log"), 30);
  d.has_one(level::damage, std::string(label) + first + ".log", "header is unreadable");
}

TEST_CASE("a segment of another partition") {
  const filled d;
  partition_writer other(d.path + "/other", uuid{7, 7}, partition_id(3));
  for (int i = 0; i < 2; ++i) other.batch(1, 10);
  other.stop();
  spill(d.file(std::string(first) + ".log"), slurp(d.path + "/other/" + other.name(".log")));
  std::filesystem::remove_all(d.path + "/other");
  const auto found = verify(d.path);
  REQUIRE(found.count(level::damage) == 1);
  CHECK(found.kept()[0].what.find("belongs to topic") != std::string::npos);
}

TEST_CASE("a segment that is missing") {
  data_dir d;
  d.write_catalog();
  partition_writer p(d.partition(), data_dir::topic, partition_id(0));
  p.batch(3, 10);
  p.roll();
  p.batch(3, 10);
  const auto middle = p.name("");
  p.roll();
  p.batch(3, 10);
  p.stop();
  for (const char* ending : {".log", ".idx", ".producers"})
    std::filesystem::remove(d.partition() + "/" + middle + ending);
  const auto found = verify(d.path);
  INFO(all_of(found));
  REQUIRE(found.kept().size() == 1);
  CHECK(found.kept()[0].how == level::damage);
  CHECK(found.kept()[0].what.find("offsets 3 to 5") != std::string::npos);
}

TEST_CASE("files beside the segments that are damaged are redundant") {
  for (const std::string& name : {std::string(first) + ".idx", std::string(second) + ".producers",
                                  std::string("terms"), std::string("checkpoint")}) {
    const filled d;
    d.flip(d.file(name), 60);
    d.has_one(level::redundant, label + name, "bad checksum");
    const auto alone = verify(d.file(name));
    CHECK(alone.count(level::redundant) == 1);
  }
}

TEST_CASE("a group record that is damaged is damage: nothing else has the vote") {
  const filled d;
  const log::group_record group{.last_vote = {.term = term(4), .voted_for = node_id(2)},
                                .began = std::string(),
                                .configurations = {{log_index(3), "members"}}};
  const auto file = d.partition() + "/group";
  spill(file, small_file(log::encode(group)));
  CHECK(verify(file).kept().empty());
  d.flip(file, 30);
  d.has_one(level::damage, std::string(label) + "group", "bad checksum");
  CHECK(verify(file).count(level::damage) == 1);
}

TEST_CASE("an index that does not agree with its segment, its checksum right") {
  const filled d;
  // The index of the first segment under the second one's salt and place.
  log::segment_index wrong(log_index(12), offset(30));
  std::uint64_t at = 4096;
  for (int i = 0; i < 2; ++i) {
    const log::frame_head head{.body_size = 17'000,
                               .index = log_index(12) + std::uint64_t(i),
                               .base_offset = offset(30 + i),
                               .offset_count = 1};
    wrong.add(position(at), head, timestamp(5));
    at += head.size();
  }
  spill(d.file(std::string(second) + ".idx"), small_file(wrong.encode(0x1000 + 12)));
  d.has_one(level::redundant, std::string(label) + second + ".idx", "no frame begins");
}

TEST_CASE("a term map that begins a term elsewhere") {
  const filled d;
  log::term_map wrong;
  wrong.append(term(2), log_index(1), offset(0));
  wrong.append(term(3), log_index(13), offset(30));
  spill(d.file("terms"), small_file(wrong.encode()));
  d.has_one(level::redundant, std::string(label) + "terms", "term 3 begins at index 12");
}

TEST_CASE("a producer snapshot that knows another last batch") {
  const filled d;
  log::producer_sequences wrong;
  wrong.apply({.producer = producer_id(7), .epoch = producer_epoch(0), .first = 0},
              {.base_offset = offset(0), .last_offset = offset(0), .index = log_index(2)});
  spill(d.file(std::string(second) + ".producers"), small_file(wrong.encode(log_index(22)).str()));
  d.has_one(level::redundant, std::string(label) + second + ".producers", "producer 7");
}

TEST_CASE("a torn tail is normal; cut at any byte it never becomes damage") {
  for (const std::uint64_t cut : {1, 55, 56, 100, 5000}) {
    data_dir d;
    d.write_catalog();
    partition_writer p(d.partition(), data_dir::topic, partition_id(0));
    p.batch(3, 100);
    p.batch(3, 3000);
    const auto at = p.frames().back();
    p.stop();
    for (const char* name : {"checkpoint", "terms"})
      std::filesystem::remove(d.partition() + "/" + name);
    std::filesystem::remove(d.partition() + "/" + p.name(".idx"));
    std::filesystem::remove(d.partition() + "/" + p.name(".producers"));
    const auto file = d.partition() + "/" + p.name(".log");
    spill(file, slurp(file).substr(0, at + cut));
    const auto found = verify(d.path);
    INFO(cut << "\n" << all_of(found));
    REQUIRE(found.kept().size() == 1);
    CHECK(found.kept()[0].how == level::note);
    CHECK(found.kept()[0].position == at);
    CHECK(found.seen.records == 3);
  }
}

TEST_CASE("records whose checksum is right, but not their structure") {
  data_dir d;
  d.write_catalog();
  partition_writer p(d.partition(), data_dir::topic, partition_id(0));
  record::batch_builder b({.base_offset = offset(0), .leader_epoch = 1});
  b.add({.time = timestamp(5), .key = "k", .value = "value"});
  auto bytes = b.finish().str();
  bytes[61] = static_cast<char>(bytes[61] + 20);  // the record's size
  store_be(bytes.data() + 17, crc32c(std::string_view(bytes).substr(21)));
  p.raw_batch(fragments::copy(bytes), 1);
  p.stop();
  const auto found = verify(d.path);
  INFO(all_of(found));
  REQUIRE(found.kept().size() == 1);
  CHECK(found.kept()[0].how == level::damage);
  CHECK(found.kept()[0].what.find("record 0") != std::string::npos);
}

// A segment that compaction left, with a hole in it and one at its end, and one behind it.
struct compacted_dir : data_dir {
  compacted_dir() {
    write_catalog();
    partition_writer p(partition(), topic, partition_id(0));
    p.batch(2, 100);
    p.hole(3);
    p.batch(2, 100);
    inner = log_index(3);
    p.hole(1);
    p.compacted();
    p.roll();
    p.batch(2, 100);
    p.stop();
    put_cleaner(8);
  }
  void put_cleaner(int first_dirty) const {
    const auto c = log::encode(log::cleaner_checkpoint{.first_dirty = offset(first_dirty)});
    spill(partition() + "/cleaner", small_file({c.data(), c.size()}));
  }
  [[nodiscard]] std::string first_segment() const {
    return partition() + "/" + log::segment_file_name(log_index(1));
  }
  log_index inner{};
};

TEST_CASE("holes are normal in a compacted segment, and nowhere else") {
  const compacted_dir d;
  const auto found = verify(d.path);
  INFO(all_of(found));
  CHECK(found.kept().empty());
  CHECK(found.seen.records == 6);

  auto file = slurp(d.first_segment());
  auto header = *log::decode_segment_header(file);
  header.compacted.reset();
  log::encode(header,
              std::span<char, log::segment_header_size>(file.data(), log::segment_header_size));
  spill(d.first_segment(), file);
  CHECK(verify(d.path).count(level::damage) > 0);
}

TEST_CASE("a compacted segment whose frames are not those that its header tells of") {
  const compacted_dir d;
  auto file = slurp(d.first_segment());
  auto header = *log::decode_segment_header(file);
  SECTION("its last frame is gone") {
    const auto end = header.compacted->end.value();
    std::fill(file.begin() + static_cast<std::ptrdiff_t>(end - 60), file.end(), '\0');
  }
  SECTION("it covers less than it holds") {
    header.compacted->next_index = d.inner;
    log::encode(header,
                std::span<char, log::segment_header_size>(file.data(), log::segment_header_size));
  }
  spill(d.first_segment(), file);
  const auto found = verify(d.path);
  INFO(all_of(found));
  CHECK(found.count(level::damage) > 0);
}

TEST_CASE("the index of a file that was compacted into this one is told, and nothing is wrong") {
  const compacted_dir d;
  auto header = *log::decode_segment_header(slurp(d.first_segment()));
  const auto name = log::index_file_name(log_index(1));
  const log::segment_index before(header.first_index, header.first_offset);
  spill(d.partition() + "/" + name, small_file(before.encode(header.salt + 1)));
  const auto found = verify(d.path);
  INFO(all_of(found));
  CHECK(found.count(level::note) == 1);
  CHECK(found.kept().size() == 1);
}

TEST_CASE("a segment that was compacted into the one before is told, and nothing is wrong") {
  const compacted_dir d;
  auto file = slurp(d.first_segment());
  auto header = *log::decode_segment_header(file);
  header.compacted.reset();
  header.first_index = d.inner;
  header.first_offset = offset(5);
  log::encode(header,
              std::span<char, log::segment_header_size>(file.data(), log::segment_header_size));
  spill(d.partition() + "/" + log::segment_file_name(d.inner), file);
  const auto found = verify(d.path);
  INFO(all_of(found));
  REQUIRE(found.kept().size() == 1);
  CHECK(found.kept()[0].how == level::note);
  CHECK(found.kept()[0].what.find("compacted into the segment before") != std::string::npos);
}

TEST_CASE("how far compaction came") {
  const compacted_dir d;
  d.put_cleaner(11);
  CHECK(verify(d.path).count(level::redundant) == 1);
  d.put_cleaner(10);
  CHECK(verify(d.path).kept().empty());
  d.flip(d.partition() + "/cleaner", 16 + 20);
  CHECK(verify(d.path).count(level::redundant) == 1);
  CHECK(verify(d.partition() + "/cleaner").count(level::redundant) == 1);
}

TEST_CASE("what a crash left in the journal counts, and damage of it is told") {
  data_dir d;
  d.write_catalog();
  partition_writer p(d.partition(), data_dir::topic, partition_id(0));
  p.batch(2, 100);
  p.batch(2, 100);
  const auto at = p.frames().back();
  const auto last = p.take_last();
  p.stop();  // its checkpoint says that everything was durable
  std::filesystem::create_directories(d.path + "/journal");
  constexpr std::uint64_t salt = 77;
  auto file = log::encode(log::journal_header{.salt = salt, .generation = 1, .first_sequence = 4});
  const log::journal_entry entry{.topic = data_dir::topic,
                                 .partition = partition_id(0),
                                 .segment = log_index(1),
                                 .salt = p.header().salt,
                                 .at = position(at),
                                 .size = static_cast<std::uint32_t>(last.size())};
  const auto record = [&](std::uint64_t sequence) {
    auto r =
        log::encode_record(sequence, {&entry, 1}, crc32c(last), salt, position(file.size())) + last;
    r.resize((r.size() + 4095) / 4096 * 4096);
    file += r;
  };
  record(4);
  record(5);
  const auto path = d.path + "/journal/0-0.journal";
  spill(path, file);
  const auto good = verify(d.path);
  INFO(all_of(good));
  CHECK(good.kept().empty());
  CHECK(good.seen.records == 4);

  d.flip(path, 4096 + 32 + 56 + 10);
  const auto bad = verify(d.path);
  INFO(all_of(bad));
  REQUIRE(bad.count(level::damage) == 1);
  CHECK(bad.kept()[0].file == "journal/0-0.journal");

  std::filesystem::remove(path);
  const auto without = verify(d.path);
  INFO(all_of(without));
  CHECK(without.count(level::damage) == 1);
}

TEST_CASE("what does not belong is named, and what a deletion left behind") {
  const filled d;
  spill(d.path + "/notes.txt", "mine");
  d.has_one(level::note, "notes.txt", "not a file of Weir");
  std::filesystem::remove(d.path + "/notes.txt");
  std::filesystem::create_directories(d.path + "/topics/old." + uuid{5, 5}.str() + "/0");
  d.has_one(level::note, "topics/old." + uuid{5, 5}.str(), "deleted");
}

TEST_CASE("a partition that an earlier start found damaged") {
  const filled d;
  spill(d.file("damaged"), small_file("the journal was damaged\n"));
  d.has_one(level::damage, std::string(label) + "damaged", "the journal was damaged");
}

TEST_CASE("a command of the catalog that this version does not know") {
  data_dir d;
  partition_writer c(d.path + "/catalog", {}, partition_id(0));
  stored::topic_deleted deleted;
  c.command(deleted);
  const auto at = c.frames().back();
  c.stop();
  // Another record id, with right checksums.
  const auto path = d.path + "/catalog/" + c.name(".log");
  auto file = slurp(path);
  file[at + 57] = 99;
  const auto size = load_le<std::uint32_t>(file.data() + at + 4);
  store_le(file.data() + at + 8, crc32c({file.data() + at + 56, size}));
  char bound[16];
  store_le(bound, c.header().salt);
  store_le<std::uint64_t>(bound + 8, at);
  store_le(file.data() + at, crc32c({file.data() + at + 4, 52}, crc32c({bound, 16})));
  spill(path, file);
  const auto found = verify(d.path);
  INFO(all_of(found));
  REQUIRE(found.kept().size() == 1);
  CHECK(found.kept()[0].how == level::damage);
  CHECK(found.kept()[0].what.find("record id 99") != std::string::npos);
}

TEST_CASE("a newer format is not checked") {
  const filled d;
  spill(d.path + "/format", "2\n");
  d.has_one(level::unchecked, "format", "newer");
}

TEST_CASE("the lock of a running broker is respected") {
  const filled d;
  read_lock mine;
  CHECK(mine.take(d.path));
  CHECK(data_directory_of(d.partition()) == d.path);
  CHECK(data_directory_of(d.file("terms")) == d.path);
}

}  // namespace
}  // namespace weir::offline::test
