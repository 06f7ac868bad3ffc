#pragma once
// A data directory on disk, made by core's own encoders, for a test to spoil.
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "core/base/crc32c.h"
#include "core/base/endian.h"
#include "core/catalog/command.h"
#include "core/log/checkpoint.h"
#include "core/log/cleaner_checkpoint.h"
#include "core/log/journal.h"
#include "core/log/producer_sequences.h"
#include "core/log/segment_header.h"
#include "core/log/segment_index.h"
#include "core/log/term_map.h"
#include "core/record/batch_builder.h"

namespace weir::offline::test {

inline std::string slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
inline void spill(const std::string& path, std::string_view content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(content.data(), static_cast<std::streamsize>(content.size()));
}
inline std::string small_file(std::string_view content) {
  std::string file(8, '\0');
  store_le<std::uint64_t>(file.data(), content.size());
  file += content;
  file.resize((file.size() + 4095) / 4096 * 4096);
  return file;
}

// One partition's segments, frame by frame, with the files beside them as the broker keeps them.
class partition_writer {
 public:
  partition_writer(std::string directory, uuid topic, partition_id partition)
      : directory_(std::move(directory)), topic_(topic), partition_(partition) {
    std::filesystem::create_directories(directory_);
    roll();
  }

  void roll() {
    if (!bytes_.empty()) close_segment();
    header_ = {.salt = 0x1000 + next_index_.value(),
               .first_index = next_index_,
               .first_offset = next_offset_,
               .term = term_,
               .topic = topic_,
               .partition = partition_,
               .created = timestamp(5000)};
    bytes_.assign(log::segment_header_size, '\0');
    log::encode(header_,
                std::span<char, log::segment_header_size>(bytes_.data(), log::segment_header_size));
    index_.emplace(next_index_, next_offset_);
    snapshot_ = producers_.encode(next_index_ - 1).str();
  }
  void new_term() {
    term_ += 1;
    add({.kind = log::frame_kind::term_start}, {}, nullptr);
  }
  void batch(int records, std::size_t value_size, record::codec codec = record::codec::none) {
    record::batch_builder b({.base_offset = next_offset_,
                             .leader_epoch = static_cast<std::int32_t>(term_.value()),
                             .compression = codec,
                             .producer = producer_id(7),
                             .epoch = producer_epoch(0),
                             .base_sequence = sequence_});
    sequence_ += records;
    const std::string value(value_size, 'v');
    for (int i = 0; i < records; ++i)
      b.add({.time = timestamp(1000 + next_offset_.value() + i), .key = "key", .value = value});
    raw_batch(b.finish(), static_cast<std::uint32_t>(records));
  }
  void raw_batch(const fragments& body, std::uint32_t offsets) {
    const auto header = record::read_batch_header(body);
    add({.kind = log::frame_kind::batch, .body_crc = header->crc, .offset_count = offsets}, body,
        &*header);
  }
  void command(const catalog::command& c) {
    const auto body = fragments::copy(catalog::encode(c));
    add({.kind = log::frame_kind::command, .body_crc = log::body_crc(body), .offset_count = 1},
        body, nullptr);
  }
  // Nothing holds this entry.
  void hole(int offsets) {
    next_index_ += 1;
    next_offset_ += offsets;
  }
  // The open segment is what compaction left of all entries up to here.
  void compacted() {
    header_.compacted = {.next_index = next_index_,
                         .next_offset = next_offset_,
                         .end = index_->totals().end,
                         .last_term = term_};
    index_->cover(next_index_, next_offset_);
    log::encode(header_,
                std::span<char, log::segment_header_size>(bytes_.data(), log::segment_header_size));
  }
  // Writes the last segment and what an orderly stop writes.
  void stop() {
    snapshot_ = producers_.encode(next_index_ - 1).str();
    close_segment();
    spill(directory_ + "/terms", small_file(terms_.encode()));
    const auto c = log::encode(log::checkpoint{.clean = true,
                                               .active_salt = header_.salt,
                                               .active_first_index = header_.first_index,
                                               .flushed_through = position(end_),
                                               .flushed_index = next_index_ - 1,
                                               .next_offset = next_offset_,
                                               .last_term = term_,
                                               .start_index = log_index(1),
                                               .start_offset = offset(0)});
    spill(directory_ + "/checkpoint", small_file({c.data(), c.size()}));
  }

  [[nodiscard]] std::string name(const char* ending) const {
    return log::segment_file_name(header_.first_index).substr(0, 20) + ending;
  }
  [[nodiscard]] const std::string& directory() const { return directory_; }
  [[nodiscard]] const log::segment_header& header() const { return header_; }
  // Where frames of the open segment begin.
  [[nodiscard]] const std::vector<std::uint64_t>& frames() const { return frames_; }
  [[nodiscard]] std::uint64_t end() const { return bytes_.size(); }
  // The last frame's bytes, taken out of the segment: for a journal to hold.
  std::string take_last() {
    auto last = bytes_.substr(frames_.back());
    bytes_.resize(frames_.back());
    return last;
  }

 private:
  void add(log::frame_head head, const fragments& body, const record::batch_header* batch) {
    head.body_size = static_cast<std::uint32_t>(body.size());
    head.term = term_;
    head.index = next_index_;
    head.base_offset = next_offset_;
    head.append_time = timestamp(6000);
    frames_.push_back(bytes_.size());
    const auto encoded = log::encode(head, header_.salt, position(bytes_.size()));
    index_->add(position(bytes_.size()), head, batch ? batch->max_timestamp : no_timestamp);
    bytes_.append(encoded.data(), encoded.size());
    bytes_ += body.str();
    terms_.append(term_, next_index_, next_offset_);
    if (batch) producers_.apply(head, *batch, body);
    next_index_ = head.next_index();
    next_offset_ = head.next_offset();
  }
  void close_segment() {
    end_ = index_->totals().end.value();
    auto file = bytes_;
    file.resize((file.size() + 4095) / 4096 * 4096);
    spill(directory_ + "/" + name(".log"), file);
    if (bytes_.size() == end_)
      spill(directory_ + "/" + name(".idx"), small_file(index_->encode(header_.salt)));
    spill(directory_ + "/" + name(".producers"), small_file(snapshot_));
    frames_.clear();
  }

  std::string directory_;
  uuid topic_;
  partition_id partition_;
  log::segment_header header_;
  std::string bytes_;
  std::uint64_t end_ = 0;
  std::vector<std::uint64_t> frames_;
  std::optional<log::segment_index> index_;
  std::string snapshot_;
  log::term_map terms_;
  log::producer_sequences producers_;
  weir::term term_{1};
  log_index next_index_{1};
  offset next_offset_{0};
  std::int32_t sequence_ = 0;
};

struct data_dir {
  data_dir() {
    static int number = 0;
    path = std::filesystem::temp_directory_path() /
           ("weir-offline-" + std::to_string(::getpid()) + "-" + std::to_string(++number));
    std::filesystem::create_directories(path);
    spill(path + "/format", "1\n");
    spill(path + "/node", "1\n");
    spill(path + "/lock", "1\n");
  }
  ~data_dir() { std::filesystem::remove_all(path); }
  data_dir(const data_dir&) = delete;

  static constexpr uuid topic{1, 2};
  [[nodiscard]] std::string partition() const {
    return path + "/topics/orders." + topic.str() + "/0";
  }
  // A catalog that knows the topic.
  void write_catalog() const {
    partition_writer catalog(path + "/catalog", {}, partition_id(0));
    stored::cluster_created created;
    created.cluster_id = uuid{9, 9};
    catalog.command(created);
    stored::topic_created t;
    t.name = "orders";
    t.topic_id = topic;
    t.partitions.emplace_back().replicas.push_back(1);
    auto& c = t.configs.emplace_back();
    c.name = "cleanup.policy";
    c.value = "compact";
    catalog.command(t);
    catalog.stop();
  }
  // Two segments of a topic with one partition, 60 records in 20 batches.
  void write_partition() const {
    partition_writer p(partition(), topic, partition_id(0));
    p.new_term();
    for (int i = 0; i < 10; ++i) p.batch(3, 3000);
    p.roll();
    p.new_term();
    for (int i = 0; i < 10; ++i)
      p.batch(3, 3000, i % 2 == 0 ? record::codec::none : record::codec::zstd);
    p.stop();
  }
  void flip(const std::string& file, std::uint64_t at) const {
    auto content = slurp(file);
    content.at(at) = static_cast<char>(content.at(at) ^ 0x10);
    spill(file, content);
  }

  std::string path;
};

}  // namespace weir::offline::test
