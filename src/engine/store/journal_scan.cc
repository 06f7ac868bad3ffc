#include "engine/store/journal_scan.h"

#include <seastar/core/coroutine.hh>
#include <seastar/coroutine/maybe_yield.hh>

#include <fmt/ranges.h>

#include <algorithm>

namespace weir::store {
namespace {

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
    log::journal_scanner scanner(s.header, s.size);
    while (!scanner.done()) {
      const auto range = scanner.wanted();
      scanner.feed(co_await w.read(f, range.at.value(), range.size));
      if (const auto record = scanner.take()) keep(*record, number);
      co_await seastar::coroutine::maybe_yield();
    }
    if (const auto at = scanner.damaged_at()) {
      throw std::runtime_error(fmt::format(
          "the journal {} is damaged at position {}, and what was written after that is there: "
          "acknowledged records of any partition may be lost; restore the file, or remove it to "
          "give up what it held",
          s.path, *at));
    }
  }

  void keep(const log::journal_found& record, std::size_t number) {
    if (record.whole) return log::add_extents(found_.extents, record, number);
    for (const auto& e : record.table) {
      found_.damaged.emplace(
          std::pair(e.topic, e.partition),
          fmt::format("{} is damaged at position {}", found_.sources[number].path, record.at));
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
