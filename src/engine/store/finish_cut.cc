#include "engine/store/finish_cut.h"

#include <seastar/core/aligned_buffer.hh>
#include <seastar/core/coroutine.hh>

#include <algorithm>
#include <cstring>

#include "core/log/cut_record.h"
#include "core/log/segment_header.h"
#include "core/log/segment_index.h"
#include "engine/store/store_log.h"

namespace weir::store {
namespace {

// A segment of another salt was made since: then the record speaks of nothing that is there.
seastar::future<bool> speaks_of(file_system& files, std::string path, log::cut_record cut) {
  if (!co_await files.exists(path)) co_return false;
  auto f = co_await files.open_read_only(path);
  auto block = seastar::allocate_aligned_buffer<char>(block_size, block_size);
  const auto got = co_await f->read(0, block.get(), block_size);
  co_await f->close();
  const auto header = log::decode_segment_header({block.get(), got});
  if (!header)
    throw std::runtime_error(
        fmt::format("the header of {} is unreadable ({}); the partition is not opened", path,
                    log::name(header.error())));
  co_return header->salt == cut.salt;
}

seastar::future<> cut_segment(file_system& files, std::string path, log::cut_record cut) {
  auto f = co_await files.open(path);
  std::exception_ptr failed;
  try {
    co_await f->truncate(block_ceil(cut.end.value()));
    co_await f->flush();
    if (!cut.kept.empty()) {
      auto block = seastar::allocate_aligned_buffer<char>(block_size, block_size);
      std::memset(block.get(), 0, block_size);
      cut.kept.copy(block.get(), cut.kept.size());
      co_await f->write(block_floor(cut.end.value()), block.get(), block_size);
      co_await f->flush();
    }
  } catch (...) {
    failed = std::current_exception();
  }
  co_await f->close();
  if (failed) std::rethrow_exception(failed);
}

}  // namespace

seastar::future<> finish_cut(file_system& files, std::string directory) {
  const auto record = directory + "/" + log::cut_file_name;
  const auto file = co_await read_small(files, record, log::cut_record_size_max);
  if (!file) co_return;
  const auto cut = log::decode_cut_record(*file);
  if (!cut)
    throw std::runtime_error(fmt::format("{} is unreadable ({}); the partition is not opened",
                                         record, log::name(cut.error())));
  const auto path = directory + "/" + log::segment_file_name(cut->first_index);
  if (co_await speaks_of(files, path, *cut)) {
    std::vector<log_index> later;
    for (const auto& name : co_await files.list(directory)) {
      if (const auto first = log::parse_segment_file_name(name); first && *first > cut->first_index)
        later.push_back(*first);
    }
    // The last one first: a row of segments with a gap in it can't be opened.
    std::ranges::sort(later, std::greater<>());
    for (const auto first : later) {
      co_await files.remove(directory + "/" + log::segment_file_name(first));
      co_await files.sync_directory(directory);
    }
    co_await cut_segment(files, path, *cut);
    store_log.info("{}: a truncation to position {} that was cut short is done", path, cut->end);
  }
  co_await files.remove(record);
  co_await files.sync_directory(directory);
}

}  // namespace weir::store
