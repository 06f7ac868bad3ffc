// Reading a partition's log by offset and time.
#include <seastar/core/coroutine.hh>
#include <seastar/core/gate.hh>
#include <seastar/coroutine/maybe_yield.hh>

#include "engine/store/partition_log.h"
#include "engine/store/store_log.h"

namespace weir::store {
namespace {

// A batch is unpacked to find a timestamp in it; more than this is refused on produce already.
constexpr std::size_t unpacked_max = 256 << 20;

}  // namespace

// Moves forward over the bytes of one part.
class partition_log::reader {
 public:
  reader(part_ptr p, std::uint64_t at) : part_(std::move(p)), at_(at) {}

  [[nodiscard]] std::uint64_t at() const { return at_; }
  [[nodiscard]] bool at_end() const { return at_ >= part_->file->end(); }
  // True if any byte given since the last call came back from the device.
  bool take_from_disk() { return std::exchange(from_disk_, run_.from_disk && !run_.data.empty()); }

  seastar::future<fragments> take(std::size_t count) {
    if (run_.data.size() < count) return take_slowly(count);
    return seastar::make_ready_future<fragments>(fragments(next(count)));
  }
  void skip(std::size_t count) {
    at_ += count;
    run_.data = count < run_.data.size() ? run_.data.slice(count) : bytes();
  }

 private:
  bytes next(std::size_t most) {
    auto piece = run_.data.slice(0, most);
    at_ += piece.size();
    run_.data = run_.data.slice(piece.size());
    return piece;
  }
  seastar::future<fragments> take_slowly(std::size_t count) {
    fragments taken;
    while (taken.size() < count) {
      if (run_.data.empty()) {
        run_ = co_await part_->file->read(at_);
        from_disk_ |= run_.from_disk;
      }
      taken.append(next(count - taken.size()));
    }
    co_return taken;
  }

  part_ptr part_;
  std::uint64_t at_;
  run run_;
  bool from_disk_ = false;
};

read_fault partition_log::damaged(const part& p, std::uint64_t at, log::log_error error) {
  auto where =
      fmt::format("{} is damaged at position {} ({})", p.file->path(), at, log::name(error));
  // Readers ask again and again: one line tells of a place.
  if (where != damage_) {
    damage_ = std::move(where);
    store_log.error("{}: {}: what lies there is not served; restore it from a replica",
                    identity_.name, damage_);
  }
  return read_fault::damaged;
}

// Frames in order from a place in a part on, through later parts, until `each` gives false.
seastar::future<std::expected<void, read_fault>> partition_log::walk(held_part from, position at,
                                                                     visit each, look before) {
  log_index next{};  // what lies before it was seen
  const auto cuts = cuts_;
  while (true) {
    const auto& p = from.part;
    reader in(p, at.value());
    while (!in.at_end()) {
      const position frame_at{in.at()};
      const auto raw = co_await in.take(log::frame_head_size);
      const auto head =
          log::decode_frame_head(raw.contiguous(0, raw.size()).view(), p->header.salt, frame_at);
      if (!head && cuts != cuts_) co_return std::unexpected(read_fault::out_of_range);
      if (!head) co_return std::unexpected(damaged(*p, frame_at.value(), head.error()));
      const bool seen = head->index < next;
      const auto want = seen ? wanted::nothing : before ? before(*head) : wanted::body;
      if (want == wanted::no_more) co_return std::expected<void, read_fault>{};
      if (want == wanted::nothing) {
        in.skip(head->body_size);
        co_await seastar::coroutine::maybe_yield();
        continue;
      }
      const auto body = co_await in.take(head->body_size);
      if (in.take_from_disk()) {
        if (const auto good = log::check_body(*head, body); !good) {
          if (cuts != cuts_) co_return std::unexpected(read_fault::out_of_range);
          co_return std::unexpected(damaged(*p, frame_at.value(), good.error()));
        }
      }
      if (!each(*head, body)) co_return std::expected<void, read_fault>{};
      co_await seastar::coroutine::maybe_yield();
    }
    if (!p->sealed) co_return std::expected<void, read_fault>{};
    // Parts may have been dropped, added, or made one by compaction while this waited: what comes
    // next is found by its index, and may lie inside a part.
    next = p->index.totals().next_index;
    const auto found = segments_.find(next);
    if (!found) co_return std::expected<void, read_fault>{};
    from = held_part(parts_[*found]);
    if (next > from.part->header.first_index) co_await want_index(from);
    at = from.part->index.find(next).at;
  }
}

seastar::future<std::expected<read_result, read_fault>> partition_log::read(offset from,
                                                                            read_limits limits) {
  read_result out{.batches = {}, .next = from};
  if (from < start_offset_ || from > next_offset_)
    co_return std::unexpected(read_fault::out_of_range);
  if (from >= limits.below || from == next_offset_) co_return out;
  const auto first = segments_.find(from);
  if (!first) co_return std::unexpected(read_fault::out_of_range);
  auto in = held_part(parts_[*first]);
  if (in.part->finished) co_await want_index(in);
  const auto at = in.part->index.find(from).at;
  const auto look_at = [&](const log::frame_head& head) {
    if (head.next_offset() <= from) return wanted::nothing;
    if (head.offset_count > 0 && head.next_offset() > limits.below) return wanted::no_more;
    if (head.kind != log::frame_kind::batch) return wanted::nothing;
    const bool fits = out.batches.size() + head.body_size <= limits.bytes;
    return fits || (out.batches.empty() && limits.at_least_one) ? wanted::body : wanted::no_more;
  };
  const auto take = [&](const log::frame_head& head, const fragments& body) {
    out.batches.append(body);
    out.next = head.next_offset();
    return out.batches.size() < limits.bytes;
  };
  const auto walked = co_await walk(std::move(in), at, take, look_at);
  if (!walked && out.batches.empty()) co_return std::unexpected(walked.error());
  co_return out;
}

seastar::future<std::expected<std::optional<record::timed_offset>, read_fault>>
partition_log::find_time(timestamp time, offset below) {
  std::optional<record::timed_offset> found;
  const auto first = segments_.find(time);
  if (!first) co_return found;
  auto in = held_part(parts_[*first]);
  co_await want_index(in);
  const auto place = in.part->index.find(time);
  if (!place) co_return found;
  const auto walked = co_await walk(
      std::move(in), place->at, [&](const log::frame_head& head, const fragments& body) {
        if (head.offset_count > 0 && head.base_offset >= below) return false;
        if (head.kind != log::frame_kind::batch || head.next_offset() <= start_offset_) return true;
        const auto batch = record::read_batch_header(body);
        if (!batch || batch->max_timestamp < time) return true;
        const auto hit = record::first_at_or_after(*batch, body, time, start_offset_, unpacked_max);
        if (hit && *hit) found = **hit;
        return !found;
      });
  if (!walked) co_return std::unexpected(walked.error());
  if (found && found->offset >= below) found.reset();
  co_return found;
}

seastar::future<std::expected<std::optional<record::timed_offset>, read_fault>>
partition_log::latest_time(offset below) {
  // The segments that may hold it: those whose greatest time is the greatest of all, the first of
  // them first. One whose records reach beyond `below` tells nothing certain, so its frames are
  // looked at.
  std::optional<record::timed_offset> best;
  std::vector<held_part> order;
  order.reserve(parts_.size());
  for (const auto& p : parts_) order.emplace_back(p);
  std::ranges::stable_sort(order, std::greater{}, [](const held_part& held) {
    return held.part->index.totals().max_timestamp;
  });
  for (const auto& held : order) {
    const auto& p = held.part;
    const auto& totals = p->index.totals();
    if (totals.max_timestamp == no_timestamp || (best && totals.max_timestamp <= best->time)) break;
    const bool certain = totals.max_timestamp_offset < below;
    if (certain) co_await want_index(held);
    const auto at =
        certain ? p->index.find(totals.max_timestamp_offset).at : log::first_frame_position;
    const auto walked =
        co_await walk(held, at, [&](const log::frame_head& head, const fragments& body) {
          if (head.index >= p->index.totals().next_index ||
              (head.offset_count > 0 && head.next_offset() > below))
            return false;
          if (head.kind != log::frame_kind::batch) return true;
          const auto batch = record::read_batch_header(body);
          if (!batch || time_of(&*batch) == no_timestamp ||
              (best && batch->max_timestamp <= best->time))
            return true;
          if (const auto hit = record::latest_time(*batch, body, unpacked_max);
              hit && hit->offset >= start_offset_)
            best = *hit;
          return !certain || !best || best->time < totals.max_timestamp;
        });
    if (!walked) co_return std::unexpected(walked.error());
  }
  co_return best;
}

seastar::future<> partition_log::replay(
    std::function<void(const log::frame_head&, const fragments&)> each) {
  if (parts_.empty()) co_return;
  const auto walked = co_await walk(held_part(parts_.front()), log::first_frame_position,
                                    [&](const log::frame_head& head, const fragments& body) {
                                      each(head, body);
                                      return true;
                                    });
  if (!walked) {
    throw std::runtime_error(fmt::format("{}: {}: restore the file from a replica or a backup",
                                         identity_.name, damage_));
  }
}

}  // namespace weir::store
