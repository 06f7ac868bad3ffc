#include "engine/store/journal_scan.h"

#include <seastar/core/coroutine.hh>
#include <seastar/coroutine/maybe_yield.hh>

#include <fmt/ranges.h>

#include <algorithm>

#include "core/base/crc32c.h"

namespace weir::store {
namespace {

// A record, with the block that its end may share.
constexpr std::size_t record_size_max =
    block_ceil(log::journal_record_head_size + log::journal_entries_max * log::journal_entry_size +
               log::journal_bytes_max);

class journal_scan {
 public:
  explicit journal_scan(file_system& files) : files_(files) {}

  seastar::future<journal_contents> run(const std::string& folder) {
    co_await find_sources(folder);
    for (std::size_t i = 0; i < found_.sources.size(); ++i) co_await scan(i);
    co_return std::move(found_);
  }

 private:
  seastar::future<> find_sources(const std::string& folder) {
    for (const auto& name : co_await files_.list(folder)) {
      const auto place = log::parse_journal_file_name(name);
      if (!place) continue;
      journal_source s{
          .path = fmt::format("{}/{}", folder, name), .place = *place, .header = {}, .size = 0};
      auto f = co_await files_.open_read_only(s.path);
      s.size = co_await f->size();
      window w;
      const std::string block(co_await w.read(*f, 0, block_size));
      co_await f->close();
      if (const auto header = log::decode_journal_header(block)) {
        s.header = *header;
      } else if (block.find_first_not_of('\0') != std::string::npos) {
        throw std::runtime_error(fmt::format(
            "the journal {} has an unreadable first block ({}); it may hold acknowledged records: "
            "restore it, or remove it to give up what it held",
            s.path, log::name(header.error())));
      }
      found_.sources.push_back(std::move(s));
    }
    std::ranges::sort(found_.sources, {}, [](const journal_source& s) {
      return std::pair(s.header.generation, s.place.shard);
    });
  }

  seastar::future<> scan(std::size_t number) {
    const auto& s = found_.sources[number];
    if (s.header.generation == 0) co_return;
    auto f = co_await files_.open_read_only(s.path);
    std::exception_ptr failed;
    try {
      co_await scan_records(*f, number);
    } catch (...) {
      failed = std::current_exception();
    }
    co_await f->close();
    if (failed) std::rethrow_exception(failed);
  }

  seastar::future<> scan_records(file& f, std::size_t number) {
    const auto& s = found_.sources[number];
    window w;
    auto sequence = s.header.first_sequence;
    std::uint64_t at = block_size;
    while (at < s.size) {
      const auto head = log::decode_record(co_await w.read(f, at, log::journal_record_head_size),
                                           s.header.salt, position(at));
      if (!head || head->sequence != sequence) break;
      const auto all =
          co_await w.read(f, at, log::journal_record_head_size + head->table_size() + head->bytes);
      const auto rest = all.substr(std::min(all.size(), log::journal_record_head_size));
      const auto table = log::decode_table(*head, rest.substr(0, head->table_size()));
      if (!table) break;
      const auto data = rest.substr(head->table_size());
      const bool whole = data.size() == head->bytes && crc32c(data) == head->bytes_crc;
      if (!whole) {
        if (!co_await more_follows(f, s, at + block_size, sequence)) co_return;
        for (const auto& e : *table) {
          found_.damaged.emplace(std::pair(e.topic, e.partition),
                                 fmt::format("{} is damaged at position {}", s.path, at));
        }
      } else {
        take(*table, number, at + log::journal_record_head_size + head->table_size());
      }
      at += head->size();
      ++sequence;
      co_await seastar::coroutine::maybe_yield();
    }
    if (at < s.size && co_await more_follows(f, s, at + block_size, sequence)) {
      throw std::runtime_error(fmt::format(
          "the journal {} is damaged at position {}, and what was written after that is there: "
          "acknowledged records of any partition may be lost; restore the file, or remove it to "
          "give up what it held",
          s.path, at));
    }
  }

  // A later record is begun only when all before it are durable: one that follows proves damage.
  static seastar::future<bool> more_follows(file& f, const journal_source& s, std::uint64_t from,
                                            std::uint64_t sequence) {
    window w;
    constexpr std::size_t step = 128 * 1024;
    const auto end = std::min<std::uint64_t>(s.size, from + record_size_max);
    for (auto at = from; at < end; at += step) {
      const auto part = co_await w.read(f, at, std::min<std::uint64_t>(step, end - at));
      for (std::size_t i = 0; i < part.size(); i += block_size) {
        const auto head = log::decode_record(part.substr(i), s.header.salt, position(at + i));
        if (head && head->sequence > sequence) co_return true;
      }
      co_await seastar::coroutine::maybe_yield();
    }
    co_return false;
  }

  void take(const std::vector<log::journal_entry>& table, std::size_t source, std::uint64_t data) {
    for (const auto& e : table) {
      auto& known = found_.extents[{e.topic, e.partition, e.segment, e.salt}];
      if (e.kind == log::journal_kind::cut) {
        std::erase_if(known, [&](const journal_extent& x) { return x.at >= e.at.value(); });
        for (auto& x : known) x.size = std::min(x.size, e.at.value() - x.at);
      } else {
        known.push_back({e.at.value(), e.size, source, data});
        data += e.size;
      }
    }
  }

  file_system& files_;
  journal_contents found_;
};

}  // namespace

seastar::future<journal_contents> scan_journals(file_system& files, std::string folder) {
  journal_scan scan(files);
  co_return co_await scan.run(folder);
}

}  // namespace weir::store
