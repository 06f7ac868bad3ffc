// What a start finds of votes and members that it does not read in the segments.
#include <seastar/core/aligned_buffer.hh>
#include <seastar/core/coroutine.hh>

#include "engine/store/recovery.h"

namespace weir::store {

// What it says can't be made again from the segments.
seastar::future<> partition_log::recovery::load_group() {
  const auto path = log.path(group_file_name);
  const auto file = co_await read_small(log.shared_.files, path, side_file_max);
  if (!file) co_return;
  auto group = log::decode_group_record(*file);
  if (!group)
    throw std::runtime_error(fmt::format(
        "{}: {} is unreadable ({}), and with it what this replica has promised; the partition is "
        "not opened: restore it from a replica",
        log.identity_.name, path, log::name(group.error())));
  log.group_stored_ = *std::move(group);
  log.group_.began = log.group_stored_.began;
  log.group_.forced = log.group_stored_.forced;
  log.group_.held_index = log.group_stored_.held_index;
  log.group_.held_term = log.group_stored_.held_term;
  log.group_.behind_hole = log.group_stored_.behind_hole;
  log.last_vote_ = log.group_stored_.last_vote;
}

// Those of entries that no scan reads. The file may tell of some that were cut off since, which no
// index covers.
void partition_log::recovery::take_configurations(log_index from, log_index below) {
  auto& known = log.group_.configurations;
  for (const auto& placed : log.group_stored_.configurations) {
    if (placed.index >= from && placed.index < below &&
        (known.empty() || placed.index > known.back().index))
      known.push_back(placed);
  }
  auto& starts = log.group_.starts;
  for (const auto& moved : log.group_stored_.starts) {
    if (moved.index >= from && moved.index < below &&
        (starts.empty() || moved.index > starts.back().index))
      starts.push_back(moved);
  }
}

seastar::future<> partition_log::recovery::read_configuration(const part& p, file& f, position at,
                                                              log::frame_head head) {
  if (head.body_size > log::configuration_size_max) damage(p, "a configuration is too large");
  const auto from = block_floor(at.value());
  const auto size = block_ceil(at.value() + head.size()) - from;
  auto memory = seastar::allocate_aligned_buffer<char>(size, block_size);
  const auto got = co_await f.read(from, memory.get(), size);
  const auto skip = at.value() - from + log::frame_head_size;
  if (got < skip + head.body_size) damage(p, "the file ends before its size");
  const auto body = fragments::copy({memory.get() + skip, head.body_size});
  if (!log::check_body(head, body)) damage(p, "a configuration is not what was written");
  log.group_.configurations.push_back({head.index, body.str()});
}

}  // namespace weir::store
