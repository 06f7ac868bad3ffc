// The indexes of closed segments: read when they are wanted, made again where they can't be.
#include <seastar/core/coroutine.hh>

#include "engine/store/partition_log.h"
#include "engine/store/store_log.h"

namespace weir::store {

seastar::future<> partition_log::want_index(held_part held) {
  auto& p = *held.part;
  if (!p.finished) co_return;
  if (!p.index.complete()) {
    const auto size = p.index.totals().end.value();
    const auto name = log::index_file_name(p.header.first_index);
    std::optional<std::string> file;
    try {
      file = co_await read_small(shared_.files, path(name), log::segment_index::file_size_max);
    } catch (const std::exception& e) {
      store_log.warn("{}: {}: {}", identity_.name, path(name), e.what());
    }
    // A truncation may have opened the segment again, or another reader have been sooner.
    if (!p.finished) co_return;
    if (!p.index.complete()) {
      auto index =
          file ? log::segment_index::decode(*file, p.header.salt, p.header.first_index, size)
               : std::unexpected(log::log_error::cut_off);
      if (index && index->totals() == p.index.totals()) {
        p.index = std::move(*index);
      } else {
        co_await make_index_again(held, index ? log::log_error::bad_field : index.error());
      }
    }
  }
  if (p.finished && p.index.complete()) shared_.indexes.use(p.index);
}

// Where frames are damaged the places found are the segment's start: reads tell of the damage.
seastar::future<> partition_log::make_index_again(held_part held, log::log_error why) {
  auto& p = *held.part;
  // Replaced by compaction, its index file is another's; it is read to its end and goes.
  if (std::ranges::find(parts_, held.part) == parts_.end()) co_return;
  store_log.warn("{}: {}: {}: made again from the segment", identity_.name,
                 path(log::index_file_name(p.header.first_index)), log::name(why));
  log::segment_index fresh(p.header.first_index, p.header.first_offset);
  const auto end = p.index.totals();
  const auto walked = co_await walk(held, log::first_frame_position,
                                    [&](const log::frame_head& head, const fragments& body) {
                                      if (fresh.totals().end >= end.end) return false;
                                      fresh.add(fresh.totals().end, head, time_of(head, body));
                                      return true;
                                    });
  if (p.header.compacted) fresh.cover(end.next_index, end.next_offset);
  if (!walked || fresh.totals() != end || !p.finished || p.index.complete()) co_return;
  p.index = std::move(fresh);
  const auto lock = co_await seastar::get_units(side_lock_, 1);
  if (std::ranges::find(parts_, held.part) != parts_.end() && p.finished && p.index.complete())
    co_await write_index(p);
}

}  // namespace weir::store
