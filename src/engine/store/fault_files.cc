#include "engine/store/fault_files.h"

#include <seastar/core/coroutine.hh>
#include <seastar/util/later.hh>

#include <algorithm>
#include <system_error>

#include "engine/store/fault_file.h"

namespace weir::store {
namespace {

std::string parent_of(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}

[[noreturn]] void refuse(int code, const std::string& what) {
  throw std::system_error(code, std::generic_category(), what);
}

}  // namespace

fault_files::fault_files(std::uint64_t seed) : random_(seed) {}
fault_files::~fault_files() = default;

void fault_files::alive() const {
  if (off_) refuse(EIO, "the power is off");
}

bool fault_files::chance(double p) {
  return p > 0 && std::uniform_real_distribution<double>(0, 1)(random_) < p;
}

void fault_files::step(file_call kind, bool needs_space) {
  alive();
  if (kind != file_call::read) {
    ++calls_;
    if (faults.crash_at == calls_) {
      crash();
      alive();
    }
    if (fail && fail(calls_)) refuse(EIO, "injected");
  }
  if (chance(faults.error_of(kind))) refuse(EIO, "injected");
  if (needs_space && chance(faults.no_space_of(kind))) throw no_space("injected");
}

seastar::future<> fault_files::delay() {
  if (faults.delay_max == 0) co_return;
  for (auto turns = random_() % (faults.delay_max + 1); turns > 0; --turns)
    co_await seastar::yield();
}

std::uint64_t fault_files::missing(const node& n, std::uint64_t from, std::uint64_t to) {
  std::uint64_t bytes = 0;
  for (auto b = from / block_size; b < block_ceil(to) / block_size; ++b)
    bytes += b < n.blocks.size() && n.blocks[b] ? 0 : block_size;
  return bytes;
}

void fault_files::need(node& n, std::uint64_t from, std::uint64_t to) {
  const auto more = missing(n, from, to);
  if (used_ + more > faults.capacity) throw no_space("the device is full");
  const auto last = block_ceil(to) / block_size;
  if (n.blocks.size() < last) n.blocks.resize(last);
  for (auto b = from / block_size; b < last; ++b) n.blocks[b] = true;
  used_ += more;
}

void fault_files::give_back(node& n, std::uint64_t above) {
  const auto first = block_ceil(above) / block_size;
  for (auto b = first; b < n.blocks.size(); ++b) used_ -= n.blocks[b] ? block_size : 0;
  if (n.blocks.size() > first) n.blocks.resize(first);
}

void fault_files::forget_if_unused(node& n) {
  if (!n.linked && n.handles == 0) give_back(n, 0);
}

void fault_files::apply(tree& to, const entry_change& c) {
  if (!c.from.empty()) {
    const auto at = to.find(c.from);
    if (at != to.end() && at->second == c.of) to.erase(at);
  }
  if (!c.to.empty()) to[c.to] = c.of;
}

void fault_files::change(entry_change c) {
  if (!c.to.empty()) {
    if (const auto at = seen_.find(c.to); at != seen_.end() && at->second && at->second != c.of) {
      at->second->linked = false;
      forget_if_unused(*at->second);
    }
  } else if (c.of) {
    c.of->linked = false;
    forget_if_unused(*c.of);
  }
  apply(seen_, c);
  unsynced_.push_back(std::move(c));
}

void fault_files::kill() {
  ++life_;
  off_ = true;
  for (auto& [path, n] : seen_) {
    if (n) n->handles = 0;
  }
}

void fault_files::crash() {
  ++life_;
  off_ = true;
  for (const auto& c : unsynced_) {
    if (random_() % 2 == 0) apply(durable_, c);
  }
  unsynced_.clear();
  // A folder that is gone took what was in it along.
  std::erase_if(durable_, [&](const auto& e) {
    const auto parent = parent_of(e.first);
    return !parent.empty() && !durable_.contains(parent);
  });
  used_ = 0;
  for (auto& [path, n] : durable_) {
    if (!n) continue;
    for (const auto& p : n->unflushed) n->settle(p, random_);
    n->unflushed.clear();
    n->now = n->durable;
    n->linked = true;
    n->handles = 0;
    n->blocks.assign(block_ceil(n->now.size()) / block_size, true);
    used_ += n->blocks.size() * block_size;
  }
  seen_ = durable_;
}

void fault_files::rot(const std::string& path, std::uint64_t at) {
  auto& n = found(path);
  n.now.at(at) = static_cast<char>(n.now[at] ^ 0x10);
  n.durable = n.now;
}

std::string fault_files::content(const std::string& path) const {
  return found(path).now;
}

std::vector<std::string> fault_files::files() const {
  std::vector<std::string> paths;
  for (const auto& [path, n] : seen_) {
    if (n) paths.push_back(path);
  }
  return paths;
}

fault_files::node& fault_files::found(const std::string& path) const {
  const auto at = seen_.find(path);
  if (at == seen_.end()) refuse(ENOENT, path);
  if (!at->second) refuse(EISDIR, path);
  return *at->second;
}

seastar::future<std::unique_ptr<file>> fault_files::create(std::string path) {
  step(file_call::create);
  if (const auto at = seen_.find(path); at != seen_.end()) {
    if (!at->second) refuse(EISDIR, path);
    auto opened = std::make_unique<fault_file>(*this, at->second);
    co_await opened->truncate(0);
    co_return opened;
  }
  if (!seen_.contains(parent_of(path))) refuse(ENOENT, path);
  auto n = std::make_shared<node>();
  change({.from = {}, .to = path, .of = n});
  co_return std::make_unique<fault_file>(*this, n);
}

seastar::future<std::unique_ptr<file>> fault_files::open(std::string path) {
  alive();
  (void)found(path);
  co_return std::make_unique<fault_file>(*this, seen_.at(path));
}

seastar::future<std::unique_ptr<file>> fault_files::open_read_only(std::string path) {
  return open(std::move(path));
}

seastar::future<std::vector<std::string>> fault_files::list(std::string directory) {
  alive();
  if (!seen_.contains(directory)) refuse(ENOENT, directory);
  std::vector<std::string> names;
  for (const auto& [path, n] : seen_) {
    if (path != directory && parent_of(path) == directory)
      names.push_back(path.substr(directory.size() + 1));
  }
  co_return names;
}

seastar::future<bool> fault_files::exists(std::string path) {
  alive();
  co_return seen_.contains(path);
}

seastar::future<> fault_files::remove(std::string path) {
  step(file_call::remove);
  const auto at = seen_.find(path);
  if (at == seen_.end()) refuse(ENOENT, path);
  if (!at->second) {
    const auto next = std::next(at);
    if (next != seen_.end() && next->first.starts_with(path + "/")) refuse(ENOTEMPTY, path);
  }
  change({.from = path, .to = {}, .of = at->second});
  co_await delay();
}

seastar::future<> fault_files::rename(std::string from, std::string to) {
  step(file_call::rename);
  const auto at = seen_.find(from);
  if (at == seen_.end()) refuse(ENOENT, from);
  if (from != to) change({.from = from, .to = to, .of = at->second});
  co_await delay();
}

seastar::future<> fault_files::make_directories(std::string path) {
  alive();
  for (; !path.empty(); path = parent_of(path)) {
    seen_[path] = nullptr;
    durable_[path] = nullptr;
  }
  co_return;
}

seastar::future<> fault_files::remove_tree(std::string path) {
  step(file_call::remove);
  std::vector<std::pair<std::string, node_ptr>> gone;
  for (const auto& e : seen_) {
    if (e.first == path || e.first.starts_with(path + "/")) gone.push_back(e);
  }
  if (gone.empty()) refuse(ENOENT, path);
  for (auto at = gone.rbegin(); at != gone.rend(); ++at)
    change({.from = at->first, .to = {}, .of = at->second});
  co_return;
}

seastar::future<> fault_files::sync_directory(std::string path) {
  step(file_call::sync_directory);
  if (!seen_.contains(path)) refuse(ENOENT, path);
  co_await delay();
  alive();
  std::erase_if(unsynced_, [&](const entry_change& c) {
    if (parent_of(c.to.empty() ? c.from : c.to) != path) return false;
    apply(durable_, c);
    return true;
  });
}

seastar::future<log::device_space> fault_files::space(std::string) {
  alive();
  const auto total = std::min<std::uint64_t>(faults.capacity, 1ULL << 40);
  co_return log::device_space{.free = total > used_ ? total - used_ : 0, .total = total};
}

}  // namespace weir::store
