#include "engine/store/journal.h"

#include <seastar/core/aligned_buffer.hh>
#include <seastar/core/coroutine.hh>
#include <seastar/core/loop.hh>
#include <seastar/core/when_all.hh>
#include <seastar/coroutine/maybe_yield.hh>

#include <algorithm>
#include <cstring>
#include <ranges>

#include "core/base/check.h"
#include "core/base/crc32c.h"
#include "engine/runtime/scheduling.h"
#include "engine/store/store_log.h"

namespace weir::store {
namespace {

constexpr std::uint64_t allocated_first = 1 << 20;
constexpr std::uint64_t allocate_step = 8 << 20;
constexpr std::size_t settled_at_once = 8;
// Below this a file fills too fast for its settling to be spread.
constexpr std::chrono::milliseconds spread_min{100};
constexpr std::chrono::milliseconds spread_step{20};
constexpr std::size_t piece_size = 128 * 1024;

}  // namespace

// A record's bytes in aligned pieces, zeros behind them.
class journal::record_buffer {
 public:
  void append(std::string_view from) {
    while (!from.empty()) {
      if (size_ == pieces_.size() * piece_size)
        pieces_.push_back(seastar::allocate_aligned_buffer<char>(piece_size, block_size));
      const auto inside = size_ % piece_size;
      const auto step = std::min(from.size(), piece_size - inside);
      std::memcpy(pieces_.back().get() + inside, from.data(), step);
      size_ += step;
      from.remove_prefix(step);
    }
  }
  seastar::future<> write(file& to, std::uint64_t at) {
    const auto whole = block_ceil(size_);
    if (const auto used = size_ % piece_size; whole > size_)
      std::memset(pieces_.back().get() + used, 0, whole - size_);
    std::vector<seastar::future<>> writes;
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      const auto from = i * piece_size;
      writes.push_back(
          to.write(at + from, pieces_[i].get(), std::min<std::size_t>(piece_size, whole - from)));
    }
    return seastar::when_all_succeed(writes.begin(), writes.end());
  }

 private:
  std::vector<std::unique_ptr<char[], seastar::free_deleter>> pieces_;
  std::size_t size_ = 0;
};

journal::journal(file_system& files, std::string directory, unsigned shard,
                 std::uint64_t file_bytes, std::function<std::uint64_t()> random)
    : files_(files),
      directory_(std::move(directory)),
      shard_(shard),
      file_bytes_(file_bytes),
      random_(std::move(random)),
      fibers_("journal") {
  fibers_.spawn("write", [this] { return run(); }, groups().produce);
}

seastar::future<> journal::append(journal_user& user, log::journal_entry entry,
                                  std::vector<bytes> data) {
  weir_check(entry.size <= journaled_bytes_max, "{} bytes for the journal", entry.size);
  if (fibers_.stopping()) throw journal_unavailable("the journal is closed");
  waiting_.push_back({.user = &user, .entry = entry, .data = std::move(data), .done = {}});
  wake_.signal();
  return waiting_.back().done.get_future();
}

seastar::future<> journal::run() {
  while (true) {
    co_await wake_.wait([this] { return fibers_.stopping() || !waiting_.empty(); });
    if (waiting_.empty()) co_return;
    auto round = take();
    std::exception_ptr failed;
    bool room = true;
    try {
      room = co_await find_room(round);
      if (room) co_await write(round);
    } catch (const no_space&) {
      room = false;  // the logs find out by themselves
    } catch (...) {
      failed = std::current_exception();
    }
    if (failed && !failing_) {
      store_log.warn(
          "the journal of shard {} can't be written ({}): logs are flushed one by one, "
          "which is slower",
          shard_, failed);
    }
    failing_ = failed != nullptr;
    for (auto& r : round) {
      if (room && !failed) {
        r.done.set_value();
      } else {
        r.done.set_exception(journal_unavailable("the journal is full or can't be written"));
      }
    }
  }
}

std::vector<journal::request> journal::take() {
  std::vector<request> round;
  std::size_t bytes = 0;
  while (!waiting_.empty() && round.size() < log::journal_entries_max) {
    bytes += waiting_.front().entry.size;
    if (bytes > log::journal_bytes_max) break;
    round.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  return round;
}

// Not waited for: a log that is told no writes to its own file, and so takes its bytes out of here.
seastar::future<bool> journal::find_room(const std::vector<request>& round) {
  const auto size = record_of(round).size();
  // A cut has no other place to go to.
  const bool cuts = std::ranges::any_of(
      round, [](const request& r) { return r.entry.kind == log::journal_kind::cut; });
  if (begun_ && (cuts || current().at + size <= file_bytes_)) co_return true;
  const auto number = 1 - current_;
  slot& other = slots_[number];
  if (other.stuck || !other.users.empty()) {
    if (!other.stuck && !other.settling)
      fibers_.spawn("settle", [&] { return settle(other); }, groups().background);
    co_return false;
  }
  co_await begin(other, number);
  slot& full = slots_[std::exchange(current_, number)];
  if (std::exchange(begun_, true))
    fibers_.spawn("settle", [&] { return settle(full); }, groups().background);
  co_return true;
}

log::journal_record journal::record_of(const std::vector<request>& round) {
  log::journal_record record{.entries = static_cast<std::uint32_t>(round.size()),
                             .sequence = sequence_};
  for (const auto& r : round) record.bytes += r.entry.size;
  return record;
}

seastar::future<> journal::write(const std::vector<request>& round) {
  slot& s = current();
  std::vector<log::journal_entry> entries;
  entries.reserve(round.size());
  std::uint32_t crc = 0;
  for (const auto& r : round) {
    s.users.try_emplace(r.user, s.users.size());
    entries.push_back(r.entry);
    for (const auto& piece : r.data) crc = crc32c(piece.view(), crc);
  }
  record_buffer buffer;
  buffer.append(log::encode_record(sequence_, entries, crc, s.header.salt, position(s.at)));
  for (const auto& r : round) {
    for (const auto& piece : r.data) buffer.append(piece.view());
    co_await seastar::coroutine::maybe_yield();
  }
  const auto record = record_of(round);
  const auto end = s.at + record.size();
  if (end > s.allocated) {
    co_await extend(s, end, std::max(end, std::min(file_bytes_, end + allocated_first)));
  }
  co_await buffer.write(*s.device, s.at);
  co_await s.device->flush();
  s.at = end;
  extend_ahead(s);
  ++sequence_;
  ++figures_.records;
  figures_.bytes += record.bytes;
}

// To `wanted`, or to `least` where there is not room for that.
seastar::future<> journal::extend(slot& s, std::uint64_t least, std::uint64_t wanted) {
  const auto lock = co_await seastar::get_units(s.extending, 1);
  if (s.allocated >= least) co_return;  // ahead of time, but only just
  try {
    co_await fill(s, wanted);
    co_return;
  } catch (const no_space&) {
    if (least == wanted) throw;
  }
  co_await fill(s, least);
}

// Space that was taken but never written costs the file system a transaction at the flush of its
// first bytes: it is written here, with zeros.
seastar::future<> journal::fill(slot& s, std::uint64_t through) {
  through = block_ceil(through);
  co_await s.device->preallocate(s.allocated, through);
  const auto zeros = seastar::allocate_aligned_buffer<char>(piece_size, block_size);
  std::memset(zeros.get(), 0, piece_size);
  for (auto at = s.allocated; at < through; at += piece_size)
    co_await s.device->write(at, zeros.get(), std::min<std::uint64_t>(piece_size, through - at));
  co_await s.device->flush();
  s.allocated = through;
}

// The first time that a file fills, a little before its bytes need the room.
void journal::extend_ahead(slot& s) {
  if (s.allocated >= file_bytes_ || s.at + allocate_step / 2 < s.allocated) return;
  if (s.extending.available_units() < 1 || fibers_.stopping()) return;
  fibers_.spawn("extend", [this, &s] { return extend_in_time(s); }, groups().background);
}

seastar::future<> journal::extend_in_time(slot& s) {
  const auto lock = co_await seastar::get_units(s.extending, 1);
  const auto through = std::min(file_bytes_, s.allocated + allocate_step);
  try {
    if (through > s.allocated) co_await fill(s, through);
  } catch (const no_space&) {
    // Said where it matters: by the write that needs it.
  }
}

// Its new header is durable before any record under it: old records can't be taken for new ones.
seastar::future<> journal::begin(slot& s, unsigned number) {
  if (!s.device) {
    const auto path = directory_ + "/" + log::journal_file_name(shard_, number);
    const bool there = co_await files_.exists(path);
    if (!there) co_await files_.make_directories(directory_);
    auto device = there ? co_await files_.open(path) : co_await files_.create(path);
    // Also where it is there: an earlier try may have ended before this.
    co_await files_.sync_directory(directory_);
    s.allocated = co_await device->size();
    s.device = std::move(device);
  }
  s.header = {.salt = random_(), .generation = ++generation_, .first_sequence = sequence_};
  record_buffer block;
  block.append(log::encode(s.header));
  if (s.allocated < block_size) {
    co_await extend(s, block_size, std::min(file_bytes_, allocated_first));
  }
  co_await block.write(*s.device, 0);
  co_await s.device->flush();
  s.at = block_size;
  s.begun = std::chrono::steady_clock::now();
  ++figures_.turns;
}

// Spread over half of the time that the file took to fill: all at once would keep the device busy
// with old bytes while new ones wait for their flush.
seastar::future<> journal::settle(slot& s) {
  s.settling = true;
  // Those first that came first: in the table their order is any.
  std::vector<std::pair<std::uint64_t, journal_user*>> users;
  users.reserve(s.users.size());
  for (const auto& [user, came] : s.users) users.emplace_back(came, user);
  std::ranges::sort(users);
  const auto started = std::chrono::steady_clock::now();
  auto spread = (started - s.begun) / 2;
  if (spread < spread_min) spread = {};
  co_await seastar::max_concurrent_for_each(
      std::views::iota(std::size_t{0}, users.size()), settled_at_once,
      // The lambda lives until all of its calls have ended.
      // NOLINTNEXTLINE(cppcoreguidelines-avoid-capturing-lambda-coroutines)
      [&](std::size_t number) -> seastar::future<> {
        auto* user = users[number].second;
        co_await wait_turn(started + spread * number / users.size());
        if (!s.users.contains(user)) co_return;
        try {
          co_await user->settle();
          s.users.erase(user);
        } catch (...) {
          // It said why; its bytes stay here until it can, or until a restart.
          store_log.debug("settling: {}", std::current_exception());
        }
      });
  s.settling = false;
}

// Not so long that the other file is full first.
seastar::future<> journal::wait_turn(std::chrono::steady_clock::time_point due) {
  const auto hurried = [this] { return current().at > file_bytes_ / 4 * 3; };
  while (std::chrono::steady_clock::now() < due && !hurried()) {
    if (co_await fibers_.stopped_within(spread_step)) co_return;
  }
}

void journal::settled(journal_user& user) {
  for (auto& s : slots_) s.users.erase(&user);
}

void journal::abandon(journal_user& user) {
  for (auto& s : slots_) s.stuck |= s.users.erase(&user) > 0;
}

seastar::future<> journal::stop() {
  auto stopped = fibers_.stop();
  wake_.broadcast();
  co_await std::move(stopped);
  for (auto& s : slots_) {
    if (s.device) co_await s.device->close();
  }
}

}  // namespace weir::store
