#include "engine/store/finish_reset.h"

#include <seastar/core/aligned_buffer.hh>
#include <seastar/core/coroutine.hh>

#include <cstring>

#include "core/log/group_record.h"
#include "engine/store/recovery.h"
#include "engine/store/store_log.h"

namespace weir::store {
namespace {

// Of the log that goes: everything but the group's file, whose vote stays, and this record.
bool goes(const std::string& name) {
  return log::parse_segment_file_name(name) || log::parse_index_file_name(name) ||
         log::parse_producers_file_name(name) || name == latest_producers_file_name ||
         name == terms_file_name || name == checkpoint_file_name || name == cleaner_file_name ||
         name == cut_file_name;
}

seastar::future<> write_header(file_system& files, std::string path, log::segment_header header) {
  auto block = seastar::allocate_aligned_buffer<char>(block_size, block_size);
  std::array<char, log::segment_header_size> encoded{};
  log::encode(header, encoded);
  std::memcpy(block.get(), encoded.data(), encoded.size());
  auto f = co_await files.create(path);
  std::exception_ptr failed;
  try {
    co_await f->write(0, block.get(), block_size);
    co_await f->flush();
  } catch (...) {
    failed = std::current_exception();
  }
  co_await f->close();
  if (failed) std::rethrow_exception(failed);
}

}  // namespace

log::segment_header header_after(const log::reset_record& reset, uuid topic,
                                 partition_id partition) {
  return {.salt = reset.salt,
          .first_index = reset.last_index + 1,
          .first_offset = reset.next_offset,
          .term = reset.last_term,
          .topic = topic,
          .partition = partition,
          .created = reset.created,
          .compacted = {},
          .forgotten = reset.forgotten};
}

seastar::future<> carry_out_reset(file_system& files, std::string directory,
                                  log::reset_record reset, uuid topic, partition_id partition) {
  const auto path = [&](const std::string& name) { return directory + "/" + name; };
  log::group_record group;
  if (const auto file = co_await read_small(files, path(group_file_name), side_file_max)) {
    auto read = log::decode_group_record(*file);
    if (!read)
      throw std::runtime_error(fmt::format("{} is unreadable ({}); the partition is not opened",
                                           path(group_file_name), log::name(read.error())));
    group = *std::move(read);
  }
  for (const auto& name : co_await files.list(directory)) {
    if (goes(name)) co_await files.remove(path(name));
  }
  co_await files.sync_directory(directory);
  auto header = header_after(reset, topic, partition);
  header.last_vote = group.last_vote;
  group.configurations.clear();
  group.starts.clear();
  group.forced.reset();
  group.behind_hole = {};
  if (!reset.members.empty()) group.configurations.push_back({reset.last_index, reset.members});
  co_await replace_small(files, path(group_file_name), log::encode(group));
  co_await replace_small(files, path(log::producers_file_name(header.first_index)),
                         reset.producers);
  co_await write_header(files, path(log::segment_file_name(header.first_index)), header);
  co_await files.sync_directory(directory);
  co_await files.remove(path(reset_file_name));
  co_await files.sync_directory(directory);
}

seastar::future<> finish_reset(file_system& files, std::string directory, uuid topic,
                               partition_id partition) {
  const auto record = directory + "/" + reset_file_name;
  const auto file = co_await read_small(files, record, side_file_max);
  if (!file) co_return;
  auto reset = log::decode_reset_record(*file);
  if (!reset)
    throw std::runtime_error(fmt::format("{} is unreadable ({}); the partition is not opened",
                                         record, log::name(reset.error())));
  const auto last = reset->last_index;
  co_await carry_out_reset(files, directory, *std::move(reset), topic, partition);
  store_log.info("{}: a reset to index {} that was cut short is done", directory, last);
}

}  // namespace weir::store
