#include "engine/store/fault_file.h"

#include <seastar/core/coroutine.hh>

#include <algorithm>
#include <system_error>

namespace weir::store {
namespace {

constexpr std::size_t sector = 512;

void put_at(std::string& image, std::uint64_t at, std::string_view data) {
  if (image.size() < at + data.size()) image.resize(at + data.size());
  image.replace(at, data.size(), data);
}

}  // namespace

void fault_files::node::apply(std::string& image, const pending& p) {
  if (p.resize) {
    image.resize(p.at);
    image.shrink_to_fit();  // what was preallocated is most of it
  } else {
    put_at(image, p.at, p.data);
  }
}

void fault_files::node::settle(const pending& p, std::mt19937_64& random) {
  const auto fate = random() % 3;
  if (fate == 0) return;  // lost
  if (fate == 1 || p.resize) return apply(durable, p);
  // Torn: some sectors reached the disk, in no order.
  for (std::size_t s = 0; s < p.data.size(); s += sector) {
    if (random() % 2 == 0) put_at(durable, p.at + s, std::string_view(p.data).substr(s, sector));
  }
}

fault_file::fault_file(fault_files& fs, std::shared_ptr<fault_files::node> n)
    : fs_(fs), node_(std::move(n)), life_(fs.life_) {
  ++node_->handles;
}

void fault_file::alive() const {
  if (life_ != fs_.life_)
    throw std::system_error(EIO, std::generic_category(), "the machine has crashed");
}

void fault_file::put(std::uint64_t at, std::string data) {
  fs_.need(*node_, at, at + data.size());
  put_at(node_->now, at, data);
  node_->unflushed.push_back({.number = ++fs_.writes_, .at = at, .data = std::move(data)});
}

void fault_file::set_size(std::uint64_t size) {
  if (size < node_->now.size()) fs_.give_back(*node_, size);
  node_->now.resize(size);
  node_->now.shrink_to_fit();
  node_->unflushed.push_back({.number = ++fs_.writes_, .at = size, .data = {}, .resize = true});
}

// Takes effect at either end of the time that it takes.
seastar::future<> fault_file::write(std::uint64_t at, const char* from, std::size_t size) {
  alive();
  fs_.step(file_call::write, fs_.missing(*node_, at, at + size) > 0);
  if (at % block_size != 0 || size % block_size != 0) throw std::logic_error("unaligned write");
  std::string data(from, size);
  if (fs_.faults.delay_max == 0 || fs_.random_() % 2 == 0) {
    put(at, std::move(data));
    co_await fs_.delay();
    alive();
  } else {
    co_await fs_.delay();
    alive();
    put(at, std::move(data));
  }
}

seastar::future<std::size_t> fault_file::read(std::uint64_t at, char* to, std::size_t size) {
  return read_whole(
      [this](auto from, auto* into, auto most) { return read_some(from, into, most); }, at, to,
      size);
}

seastar::future<std::size_t> fault_file::read_some(std::uint64_t at, char* to, std::size_t size) {
  alive();
  fs_.step(file_call::read);
  if (at % block_size != 0 || size % block_size != 0) throw std::logic_error("unaligned read");
  co_await fs_.delay();
  alive();
  const auto& image = node_->now;
  auto got = at >= image.size() ? 0 : std::min<std::size_t>(size, image.size() - at);
  if (got > block_size && fs_.chance(fs_.faults.short_read))
    got = std::max<std::size_t>(block_size, block_floor(fs_.random_() % got));
  if (got > 0) image.copy(to, got, at);
  if (got > 0 && fs_.chance(fs_.faults.flipped_read)) {
    auto& hit = to[fs_.random_() % got];
    hit = static_cast<char>(hit ^ (1 << (fs_.random_() % 8)));
  }
  co_return got;
}

// Covers what was written when it was called, however long it takes. One that fails may lose any of
// it, which a later one does not make up for; reads show what is left.
seastar::future<> fault_file::flush() {
  alive();
  auto& waiting = node_->unflushed;
  const auto through = fs_.writes_;
  const auto each = [&](auto what) {
    while (!waiting.empty() && waiting.front().number <= through) {
      what(waiting.front());
      waiting.pop_front();
    }
  };
  try {
    fs_.step(file_call::flush);
  } catch (...) {
    if (!fs_.off()) {
      each([&](const auto& p) { node_->settle(p, fs_.random_); });
      node_->now = node_->durable;
      for (const auto& p : waiting) node_->apply(node_->now, p);
    }
    throw;
  }
  co_await fs_.delay();
  alive();
  each([&](const auto& p) { node_->apply(node_->durable, p); });
}

seastar::future<> fault_file::truncate(std::uint64_t size) {
  alive();
  fs_.step(file_call::truncate);
  set_size(size);
  co_await fs_.delay();
  alive();
}

// Empties what it adds, at either end of the time that it takes, and ends the file there.
seastar::future<> fault_file::preallocate(std::uint64_t from, std::uint64_t size) {
  alive();
  fs_.step(file_call::preallocate);
  fs_.need(*node_, from, size);
  const bool late = fs_.faults.delay_max > 0 && fs_.random_() % 2 == 0;
  if (late) {
    co_await fs_.delay();
    alive();
  }
  if (from < node_->now.size()) set_size(from);
  set_size(size);
  if (!late) {
    co_await fs_.delay();
    alive();
  }
}

seastar::future<std::uint64_t> fault_file::size() {
  alive();
  co_return node_->now.size();
}

seastar::future<> fault_file::close() {
  if (life_ == fs_.life_ && !std::exchange(closed_, true)) {
    --node_->handles;
    fs_.forget_if_unused(*node_);
  }
  return seastar::make_ready_future<>();
}

}  // namespace weir::store
