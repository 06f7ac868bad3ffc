#include "engine/store/fault_files.h"

#include <seastar/core/coroutine.hh>
#include <seastar/util/later.hh>

#include <cstring>
#include <system_error>

namespace weir::store {
namespace {

constexpr std::size_t sector = 512;

std::string parent_of(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}

void put(std::string& image, std::uint64_t at, std::string_view data) {
  if (image.size() < at + data.size()) image.resize(at + data.size());
  image.replace(at, data.size(), data);
}

}  // namespace

struct fault_files::node {
  struct pending {
    std::uint64_t at;
    std::string data;  // nothing: the size was set to `at`
    bool resize = false;
  };
  std::string now;
  std::string durable;
  std::vector<pending> unflushed;
};

class fault_file final : public file {
 public:
  fault_file(fault_files& fs, std::shared_ptr<fault_files::node> n, std::uint64_t life)
      : fs_(fs), node_(std::move(n)), life_(life) {}

  seastar::future<> write(std::uint64_t at, const char* from, std::size_t size) override {
    if (fs_.slow) co_await seastar::yield();
    alive();
    fs_.step();
    if (at % block_size != 0 || size % block_size != 0) throw std::logic_error("unaligned write");
    put(node_->now, at, {from, size});
    node_->unflushed.push_back({at, std::string(from, size)});
  }
  seastar::future<std::size_t> read(std::uint64_t at, char* to, std::size_t size) override {
    if (fs_.slow) co_await seastar::yield();
    alive();
    const auto& image = node_->now;
    const auto got = at >= image.size() ? 0 : std::min<std::size_t>(size, image.size() - at);
    if (got > 0) image.copy(to, got, at);
    co_return got;
  }
  seastar::future<> flush() override {
    if (fs_.slow) co_await seastar::yield();
    alive();
    fs_.step();
    node_->durable = node_->now;
    node_->unflushed.clear();
  }
  seastar::future<> truncate(std::uint64_t size) override {
    alive();
    fs_.step();
    node_->now.resize(size);
    node_->unflushed.push_back({size, {}, true});
    return seastar::make_ready_future<>();
  }
  seastar::future<> preallocate(std::uint64_t, std::uint64_t size) override {
    return truncate(size);
  }
  seastar::future<std::uint64_t> size() override {
    return seastar::make_ready_future<std::uint64_t>(node_->now.size());
  }
  seastar::future<> close() override { return seastar::make_ready_future<>(); }

 private:
  void alive() const {
    if (life_ != fs_.life_)
      throw std::system_error(EIO, std::generic_category(), "the machine has crashed");
  }
  fault_files& fs_;
  std::shared_ptr<fault_files::node> node_;
  std::uint64_t life_;
};

fault_files::fault_files(std::uint64_t seed) : random_(seed) {}
fault_files::~fault_files() = default;

void fault_files::alive() const {
  if (off_) throw std::system_error(EIO, std::generic_category(), "the power is off");
}

void fault_files::step() {
  alive();
  ++calls_;
  if (fail && fail(calls_)) throw std::system_error(EIO, std::generic_category(), "injected");
}

void fault_files::crash() {
  ++life_;
  off_ = true;
  tree after = durable_;
  std::map<std::string, bool> all_happened;  // by directory: as if it had just been synced
  const auto happened = [&](const std::string& path) {
    const auto [at, fresh] = all_happened.try_emplace(parent_of(path));
    if (fresh) at->second = random_() % 2 == 0;
    return at->second;
  };
  // An entry that no directory sync has covered may be there or not.
  for (const auto& [path, n] : seen_) {
    if (happened(path) || (!after.contains(path) && random_() % 2 == 0)) after[path] = n;
  }
  std::erase_if(after,
                [&](const auto& e) { return happened(e.first) && !seen_.contains(e.first); });
  for (auto& [path, n] : after) {
    if (!n) continue;
    std::string image = n->durable;
    for (const auto& p : n->unflushed) {
      const auto fate = random_() % 3;
      if (fate == 0) continue;  // lost
      if (p.resize) {
        image.resize(p.at);
      } else if (fate == 1) {
        put(image, p.at, p.data);
      } else {
        // Torn: some sectors reached the disk, in no order.
        for (std::size_t s = 0; s < p.data.size(); s += sector) {
          if (random_() % 2 == 0) put(image, p.at + s, std::string_view(p.data).substr(s, sector));
        }
      }
    }
    n->now = n->durable = std::move(image);
    n->unflushed.clear();
  }
  seen_ = durable_ = std::move(after);
}

void fault_files::rot(const std::string& path, std::uint64_t at) {
  auto& n = *seen_.at(path);
  n.now.at(at) = static_cast<char>(n.now[at] ^ 0x10);
  n.durable = n.now;
}

std::string fault_files::content(const std::string& path) const {
  return seen_.at(path)->now;
}

seastar::future<std::unique_ptr<file>> fault_files::create(std::string path) {
  step();
  auto n = std::make_shared<node>();
  seen_[path] = n;
  co_return std::make_unique<fault_file>(*this, n, life_);
}

seastar::future<std::unique_ptr<file>> fault_files::open(std::string path) {
  alive();
  const auto at = seen_.find(path);
  if (at == seen_.end() || !at->second)
    throw std::system_error(ENOENT, std::generic_category(), path);
  co_return std::make_unique<fault_file>(*this, at->second, life_);
}

seastar::future<std::unique_ptr<file>> fault_files::open_read_only(std::string path) {
  return open(std::move(path));
}

seastar::future<std::vector<std::string>> fault_files::list(std::string directory) {
  alive();
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
  if (slow) co_await seastar::yield();
  step();
  if (seen_.erase(path) == 0) throw std::system_error(ENOENT, std::generic_category(), path);
  co_return;
}

seastar::future<> fault_files::rename(std::string from, std::string to) {
  if (slow) co_await seastar::yield();
  step();
  auto moved = seen_.extract(from);
  if (moved.empty()) throw std::system_error(ENOENT, std::generic_category(), from);
  seen_[to] = moved.mapped();
  co_return;
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
  step();
  std::erase_if(seen_,
                [&](const auto& e) { return e.first == path || e.first.starts_with(path + "/"); });
  co_return;
}

seastar::future<> fault_files::sync_directory(std::string path) {
  if (slow) co_await seastar::yield();
  step();
  std::erase_if(durable_, [&](const auto& e) {
    return parent_of(e.first) == path && !seen_.contains(e.first);
  });
  for (const auto& [name, n] : seen_) {
    if (parent_of(name) == path) durable_[name] = n;
  }
  co_return;
}

}  // namespace weir::store
