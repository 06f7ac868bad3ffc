#include "engine/store/segment.h"

#include <seastar/core/aligned_buffer.hh>
#include <seastar/core/coroutine.hh>
#include <seastar/core/when_all.hh>

#include <algorithm>
#include <bit>
#include <stdexcept>

#include "core/base/check.h"

namespace weir::store {
namespace {

// Preallocation doubles with the file, between these: small partitions stay small, busy ones extend
// rarely.
constexpr std::uint64_t extend_min = 256 * 1024;
constexpr std::uint64_t extend_max = 32 * 1024 * 1024;

// The first block of a file is its header: readers begin behind it.
bool begins_chunk(std::uint64_t at) {
  return at % chunk_size == 0 || at == block_size;
}

}  // namespace

segment::segment(open_files& files, std::string path, chunk_cache& cache,
                 seastar::lw_shared_ptr<read_figures> reads, bool exists, std::uint64_t end)
    : cache_(cache),
      read_figures_(std::move(reads)),
      appending_(!exists),
      end_(end),
      written_(exists ? end : 0),
      flushed_(written_),
      file_(files, std::move(path), exists) {}

segment::~segment() {
  for (std::size_t i = 0; i < chunks_.size(); ++i) drop(i);
}

void segment::drop(std::size_t number) {
  if (auto& c = chunks_[number]) {
    cache_.pin(*c);
    cache_.shrunk(*c, c->capacity);
    c.reset();
  }
}

seastar::future<kept_file::use> segment::open() {
  const bool there = file_.exists();
  auto f = co_await file_.enter();
  if (!allocated_) {
    const auto size = there ? co_await f->size() : 0;
    if (!allocated_) allocated_ = size;
  }
  co_return f;
}

seastar::future<> segment::prepare_append() {
  appending_ = true;
  const auto block = block_floor(end_);
  if (block == end_) co_return;
  const auto number = number_of(end_);
  if (number < chunks_.size() && chunks_[number] && chunks_[number]->holds(end_ - 1)) co_return;
  const auto f = co_await open();
  auto c = std::make_unique<chunk>();
  c->home = this;
  c->start = block;
  c->resize(block_size);
  c->filled = static_cast<std::uint32_t>(end_ - block);
  // An index may have spared the scan of it.
  c->reread = true;
  if (co_await read_twice(*f, block, c->memory->data) < c->filled)
    throw std::runtime_error(path() + " is shorter than its frames");
  std::memset(c->memory->data + c->filled, 0, block_size - c->filled);
  if (chunks_.size() <= number) chunks_.resize(number + 1);
  drop(number);
  chunks_[number] = std::move(c);
  cache_.grown(*chunks_[number], block_size);
}

// For bytes that are written back: a bit that was flipped on the way must not go unseen, and unlike
// elsewhere no checksum is looked at before the device has it again.
seastar::future<std::size_t> segment::read_twice(file& f, std::uint64_t block, char* to) {
  const auto got = co_await f.read(block, to, block_size);
  auto again = seastar::allocate_aligned_buffer<char>(block_size, block_size);
  if (co_await f.read(block, again.get(), block_size) != got ||
      std::memcmp(again.get(), to, got) != 0)
    throw std::runtime_error(path() + ": the device does not give the same bytes twice");
  co_return got;
}

seastar::future<std::string> segment::block_before(std::uint64_t end) {
  const auto block = block_floor(end);
  if (block == end) co_return std::string();
  const auto f = co_await open();
  auto memory = seastar::allocate_aligned_buffer<char>(block_size, block_size);
  if (co_await read_twice(*f, block, memory.get()) < end - block)
    throw std::runtime_error(path() + " is shorter than its frames");
  co_return std::string(memory.get(), end - block);
}

chunk& segment::tail_chunk(std::size_t wanted) {
  const auto number = number_of(end_);
  if (chunks_.size() <= number) chunks_.resize(number + 1);
  auto& slot = chunks_[number];
  if (!slot) {
    weir_check(end_ % block_size == 0, "{}: append at {} without its block", path(), end_);
    slot = std::make_unique<chunk>();
    slot->home = this;
    slot->start = end_;
  }
  cache_.pin(*slot);
  const auto chunk_end = (number + 1) * chunk_size;
  if (slot->filled == slot->capacity || slot->capacity - slot->filled < wanted) {
    const auto room = static_cast<std::size_t>(chunk_end - slot->start);
    const auto bigger =
        std::min(room, std::bit_ceil(std::max<std::size_t>(slot->filled + wanted, block_size)));
    if (bigger > slot->capacity) {
      const auto before = slot->capacity;
      slot->resize(block_ceil(bigger));
      cache_.grown(*slot, slot->capacity - before);
    }
  }
  return *slot;
}

void segment::append(std::string_view piece) {
  cache_.appended();
  while (!piece.empty()) {
    chunk& c = tail_chunk(std::min(piece.size(), chunk_size));
    const auto step = std::min<std::size_t>(piece.size(), c.capacity - c.filled);
    std::memcpy(c.memory->data + c.filled, piece.data(), step);
    c.filled += static_cast<std::uint32_t>(step);
    end_ += step;
    piece.remove_prefix(step);
  }
}

void segment::append(const fragments& pieces) {
  for (const auto& piece : pieces.pieces()) append(piece.view());
}

std::vector<bytes> segment::not_flushed(std::uint64_t from, std::uint64_t to) const {
  std::vector<bytes> pieces;
  while (from < to) {
    const chunk& c = *chunks_[number_of(from)];
    const auto end = std::min(to, c.start + c.filled);
    pieces.push_back(c.view(from, end));
    from = end;
  }
  return pieces;
}

seastar::future<> segment::take_room(std::uint64_t through) {
  const auto f = co_await open();
  co_await take_room(*f, through);
}

// With some to spare, or without where there is not so much.
seastar::future<> segment::take_room(file& f, std::uint64_t through) {
  if (block_ceil(through) <= *allocated_) co_return;
  // A flush into the journal and settling may both want some. Growing empties what it adds: one
  // that began before the other's end would empty what was written there meanwhile.
  const auto growing = co_await seastar::get_units(room_, 1);
  if (block_ceil(through) <= *allocated_) co_return;
  const auto extend = std::clamp(std::bit_ceil(through) - through, extend_min, extend_max);
  auto wanted = block_ceil(through + extend);
  bool generous = true;
  try {
    co_await f.preallocate(*allocated_, wanted);
  } catch (const no_space&) {
    generous = false;
  }
  if (!generous) {
    wanted = block_ceil(through);
    co_await f.preallocate(*allocated_, wanted);
  }
  allocated_ = wanted;
}

seastar::future<> segment::write_out(std::uint64_t limit) {
  const auto through = std::min(end_, limit);
  if (written_ >= through) co_return;
  unflushed_ = co_await open();
  co_await take_room(*unflushed_, through);
  std::vector<seastar::future<>> writes;
  for (auto at = block_floor(written_); at < through;) {
    chunk& c = *chunks_[number_of(at)];
    const auto to = std::min<std::uint64_t>(block_ceil(through), c.start + c.capacity);
    auto held = c.view(at, to);  // the memory stays though the chunk may grow into another
    const auto* from = held.data();
    const auto size = held.size();
    writes.push_back([](file& f, std::uint64_t at, const char* from, std::size_t size,
                        bytes) -> seastar::future<> {
      co_await f.write(at, from, size);
    }(*unflushed_, at, from, size, std::move(held)));
    at = to;
  }
  co_await seastar::when_all_succeed(writes.begin(), writes.end());
  written_ = through;
}

// Only what is durable may leave the memory: until then the journal may want it.
seastar::future<> segment::flush() {
  const auto f = co_await open();
  const auto through = written_;
  co_await f->flush();
  unflushed_ = {};
  for (auto n = number_of(flushed_); n <= number_of(through) && n < chunks_.size(); ++n) {
    if (chunks_[n] && chunks_[n]->start + chunks_[n]->filled <= through) cache_.unpin(*chunks_[n]);
  }
  flushed_ = std::max(flushed_, through);
}

seastar::future<> segment::seal() {
  appending_ = false;
  const auto f = co_await open();
  if (*allocated_ > block_ceil(end_)) {
    co_await f->truncate(block_ceil(end_));
    allocated_ = block_ceil(end_);
  }
}

seastar::future<> segment::truncate(std::uint64_t end) {
  weir_check(end <= end_, "{}: truncation to {} beyond {}", path(), end, end_);
  const auto f = co_await open();
  for (auto n = number_of(end); n < chunks_.size(); ++n) drop(n);
  end_ = written_ = flushed_ = end;
  co_await prepare_append();
  // Shrunk, durably, before anything else: zeros with frames behind them would look like damage.
  // The last block keeps its place, so that writing it, with zeros behind `end`, needs no space.
  co_await f->truncate(block_ceil(end));
  allocated_ = block_ceil(end);
  if (end != block_floor(end)) {
    co_await f->flush();
    const chunk& c = *chunks_[number_of(end)];
    const auto held = c.view(c.start, c.start + block_size);
    co_await f->write(c.start, held.data(), block_size);
  }
  co_await f->flush();
  unflushed_ = {};
}

seastar::future<run> segment::read(std::uint64_t at) {
  weir_check(at < end_, "{}: read at {} of {}", path(), at, end_);
  const auto number = number_of(at);
  if (number < chunks_.size() && chunks_[number] && chunks_[number]->holds(at)) {
    chunk& c = *chunks_[number];
    ++read_figures_->hits;
    cache_.hit(c);
    if (begins_chunk(at)) {
      c.again |= std::exchange(c.entered, true);
      entered(number);
    }
    return seastar::make_ready_future<run>(run{
        c.view(at, std::min<std::uint64_t>(c.start + c.filled, end_)), c.from_disk || c.reread});
  }
  ++cache_.figures.misses;
  ++read_figures_->misses;
  auto loaded = load(at);
  if (begins_chunk(at)) entered(number);
  return loaded;
}

// A reader has come to a chunk's start, most likely from the end of the one before.
void segment::entered(std::size_t number) {
  if (number > 0 && from_disk(number - 1)) cache_.passed(*chunks_[number - 1]);
  read_ahead(number);
}

// As many chunks as there are without a gap before this one.
void segment::read_ahead(std::size_t number) {
  const auto most = std::min(number, cache_.ahead_max());
  std::size_t behind = 0;
  while (behind < most && from_disk(number - 1 - behind)) ++behind;
  for (auto n = number + 1; n <= number + behind; ++n) {
    // The tail's chunk is in memory already, or would not be kept.
    if ((n + 1) * chunk_size > written_) return;
    if ((n < chunks_.size() && chunks_[n]) || loading_.contains(n)) continue;
    if (!cache_.may_read_ahead()) return;
    ++cache_.figures.read_ahead;
    loading_.try_emplace(n);
    (void)load_for_all(reads_.hold(), n);
  }
}

seastar::future<run> segment::load(std::uint64_t at) {
  const auto number = number_of(at);
  const auto found = loading_.find(number);
  auto loaded = seastar::future<run>(seastar::make_ready_future<run>());
  if (found != loading_.end()) {
    loaded = found->second.get_shared_future();
  } else {
    // Many readers at one place cost one read. Asked for before it begins: one that needs no wait
    // is out of the table when it returns.
    loaded = loading_.try_emplace(number).first->second.get_shared_future();
    (void)load_for_all(reads_.hold(), number);
  }
  const auto skip = at - number * chunk_size;
  const run whole = co_await std::move(loaded);
  if (skip >= whole.data.size())
    throw std::runtime_error(path() + ": the file is shorter than its frames");
  if (begins_chunk(at) && from_disk(number)) {
    chunk& c = *chunks_[number];
    c.again |= std::exchange(c.entered, true);
  }
  co_return run{whole.data.slice(skip), whole.from_disk};
}

seastar::future<> segment::load_for_all(seastar::gate::holder, std::size_t number) {
  std::exception_ptr failed;
  run whole;
  cache_.read_begins();
  try {
    whole = co_await load_once(number * chunk_size);
  } catch (...) {
    failed = std::current_exception();
  }
  cache_.read_ends();
  auto waiting = loading_.extract(number);
  if (failed) {
    waiting.mapped().set_exception(failed);
  } else {
    waiting.mapped().set_value(std::move(whole));
  }
}

seastar::future<run> segment::load_once(std::uint64_t start) {
  const auto f = co_await open();
  ++cache_.figures.loads;
  auto c = std::make_unique<chunk>();
  c->home = this;
  c->start = start;
  c->from_disk = true;
  const auto limit = std::min<std::uint64_t>(start + chunk_size, written_);
  c->fill(std::min<std::uint64_t>(chunk_size, block_ceil(limit - start)));
  const auto got = co_await f->read(start, c->memory->data, c->capacity);
  std::memset(c->memory->data + got, 0, c->capacity - got);
  c->filled = static_cast<std::uint32_t>(std::min<std::uint64_t>(got, limit - start));
  run whole{c->view(start, start + c->filled), true};
  const auto number = number_of(start);
  if (chunks_.size() <= number) chunks_.resize(number + 1);
  // The chunk of the tail is already there, in part: what was read serves this reader alone.
  const bool whole_chunk = c->filled == chunk_size || (!appending_ && start + c->filled == end_);
  if (!chunks_[number] && whole_chunk) {
    chunks_[number] = std::move(c);
    cache_.unpin(*chunks_[number]);
    cache_.grown(*chunks_[number], chunks_[number]->capacity);
  }
  co_return whole;
}

void segment::release(chunk& c) {
  const auto number = number_of(c.start);
  const auto block = block_floor(end_);
  if (appending_ && number == number_of(end_) && block != end_ && c.holds(end_ - 1)) {
    // The tail keeps its last block: the next append writes it again.
    const auto before = c.capacity;
    auto* small = new chunk_memory(block_size);
    c.filled = static_cast<std::uint32_t>(end_ - block);
    std::memcpy(small->data, c.memory->data + (block - c.start), c.filled);
    c.memory->drop();
    c.memory = small;
    c.start = block;
    c.capacity = block_size;
    cache_.shrunk(c, before - block_size);
    return;
  }
  drop(number);
}

seastar::future<> segment::hold_open() {
  held_ = co_await open();
}

seastar::future<> segment::close() {
  co_await reads_.close();
  held_ = {};
  unflushed_ = {};
  co_await file_.close();
}

}  // namespace weir::store
