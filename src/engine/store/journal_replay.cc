// Putting back what was in the journals when the process ended.
#include <seastar/core/coroutine.hh>
#include <seastar/core/loop.hh>

#include <algorithm>
#include <cstring>

#include "core/log/segment_header.h"
#include "engine/store/journal.h"
#include "engine/store/journal_scan.h"
#include "engine/store/partition_log.h"
#include "engine/store/store_log.h"

namespace weir::store {
namespace {

constexpr std::size_t segments_at_once = 8;

class replay {
 public:
  replay(file_system& files, std::string data) : files_(files), data_(std::move(data)) {}

  seastar::future<> run(unsigned shards, const std::function<std::uint64_t()>& random) {
    const auto folder = data_ + "/journal";
    if (!co_await files_.exists(folder)) co_return;
    found_ = co_await scan_journals(files_, folder);
    co_await find_topics();
    co_await seastar::max_concurrent_for_each(
        found_.extents, segments_at_once,
        [this](auto& entry) { return restore(entry.first, entry.second); });
    for (const auto& [key, why] : found_.damaged) co_await quarantine(key, why);
    if (restored_ > 0)
      store_log.info("{} bytes of {} segments were put back from the journal", restored_,
                     found_.extents.size());
    // The oldest first: what is left after a crash in between is a suffix, and can be put back
    // again.
    for (const auto& s : found_.sources) co_await begin_again(s, shards, random);
    co_await files_.sync_directory(folder);
  }

 private:
  seastar::future<> find_topics() {
    const auto root = data_ + "/topics";
    if (!co_await files_.exists(root)) co_return;
    for (const auto& name : co_await files_.list(root)) {
      const auto dot = name.rfind('.');
      if (dot == std::string::npos) continue;
      if (const auto id = uuid::parse(std::string_view(name).substr(dot + 1)))
        topics_.emplace(*id, fmt::format("{}/{}", root, name));
    }
  }

  // Nothing: the topic is gone.
  [[nodiscard]] std::optional<std::string> directory_of(uuid topic, partition_id partition) const {
    if (topic.is_zero()) return data_ + "/catalog";
    const auto at = topics_.find(topic);
    if (at == topics_.end()) return std::nullopt;
    return fmt::format("{}/{}", at->second, partition);
  }

  seastar::future<> restore(const segment_key& key, const std::vector<journal_extent>& extents) {
    const auto directory = directory_of(key.topic, key.partition);
    if (!directory || extents.empty()) co_return;
    const auto path = *directory + "/" + log::segment_file_name(key.first);
    if (!co_await files_.exists(path)) co_return;  // deleted since
    auto to = co_await files_.open(path);
    std::exception_ptr failed;
    try {
      window w;
      const auto header = log::decode_segment_header(co_await w.read(*to, 0, block_size));
      // Another salt: the file was made anew since. Recovery says so if it is damaged.
      if (header && header->salt == key.salt) {
        for (std::size_t i = 0; i < extents.size();) i = co_await put_back(*to, extents, i);
        co_await to->flush();
      }
    } catch (...) {
      failed = std::current_exception();
    }
    co_await to->close();
    if (failed) std::rethrow_exception(failed);
  }

  // One run of extents that follow each other, up to a bound; returns the first one that is not in
  // it.
  seastar::future<std::size_t> put_back(file& to, const std::vector<journal_extent>& extents,
                                        std::size_t first) {
    constexpr std::size_t run_max = 1 << 20;
    const auto at = extents[first].at;
    auto end = at + extents[first].size;
    auto next = first + 1;
    while (next < extents.size() && extents[next].at == end && end - at < run_max)
      end += extents[next++].size;
    const auto from = block_floor(at);
    const auto through = block_ceil(end);
    auto memory = seastar::allocate_aligned_buffer<char>(through - from, block_size);
    std::memset(memory.get(), 0, through - from);
    (void)co_await to.read(from, memory.get(), through - from);
    window w;
    for (auto i = first; i < next; ++i) {
      const auto& x = extents[i];
      auto f = co_await files_.open_read_only(found_.sources[x.source].path);
      const auto data = co_await w.read(*f, x.source_at, x.size);
      if (data.size() == x.size) std::memcpy(memory.get() + (x.at - from), data.data(), x.size);
      co_await f->close();
      if (data.size() != x.size)
        throw std::runtime_error(found_.sources[x.source].path + " got shorter");
    }
    co_await to.write(from, memory.get(), through - from);
    restored_ += end - at;
    co_return next;
  }

  seastar::future<> quarantine(std::pair<uuid, partition_id> key, const std::string& why) {
    const auto directory = directory_of(key.first, key.second);
    if (!directory || !co_await files_.exists(*directory)) co_return;
    co_await replace_small(files_, *directory + "/" + damage_file_name, why + "\n");
  }

  seastar::future<> begin_again(const journal_source& s, unsigned shards,
                                const std::function<std::uint64_t()>& random) {
    if (s.place.shard >= shards || s.place.slot > 1) co_return co_await files_.remove(s.path);
    if (s.header.generation == 0) co_return;
    auto f = co_await files_.open(s.path);
    auto block = seastar::allocate_aligned_buffer<char>(block_size, block_size);
    std::ranges::copy(log::encode(log::journal_header{.salt = random()}), block.get());
    co_await f->write(0, block.get(), block_size);
    co_await f->flush();
    co_await f->close();
  }

  file_system& files_;
  std::string data_;
  std::map<uuid, std::string> topics_;
  journal_contents found_;
  std::uint64_t restored_ = 0;
};

}  // namespace

seastar::future<> replay_journals(file_system& files, std::string data_directory, unsigned shards,
                                  std::function<std::uint64_t()> random) {
  replay r(files, std::move(data_directory));
  co_await r.run(shards, random);
}

}  // namespace weir::store
