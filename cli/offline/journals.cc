#include "cli/offline/journals.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace weir::offline {
namespace {

struct opened {
  source_ptr file;
  std::string label;
  std::uint64_t generation;
  unsigned shard;
};

void tell(findings& to, level how, const std::string& file, std::optional<std::uint64_t> at,
          std::string what, std::string means) {
  to.add({.how = how,
          .file = file,
          .position = at,
          .offset = std::nullopt,
          .what = std::move(what),
          .means = std::move(means)});
}

}  // namespace

source_ptr journals::over(source_ptr base, const log::segment_key& key) const {
  const auto at = extents.find(key);
  return at == extents.end() ? base : overlay(std::move(base), at->second, files);
}

void walk_journal(const source_ptr& file, const std::string& label, findings& to, progress& p,
                  const std::function<bool(const log::journal_found&)>& each) {
  const auto block = file->read(0, log::journal_block);
  const auto header = log::decode_journal_header(block);
  if (!header) {
    if (block.find_first_not_of('\0') == std::string::npos) return;  // never begun
    const bool newer = header.error() == log::log_error::newer_version;
    tell(to, newer ? level::unchecked : level::damage, label, 0,
         fmt::format("the first block is unreadable ({})", log::name(header.error())),
         newer ? "read it with the version of Weir that wrote it"
               : "the broker does not start: it may hold acknowledged records; restore it, or "
                 "remove it to give up what it held");
    return;
  }
  log::journal_scanner scan(*header, file->size());
  while (!scan.done()) {
    const auto range = scan.wanted();
    const auto bytes = file->read(range.at.value(), range.size);
    advance(p, 0);
    scan.feed(bytes);
    const auto record = scan.take();
    if (!record) continue;
    if (!record->whole) {
      for (const auto& e : record->table) {
        tell(to, level::damage, label, record->at.value(),
             fmt::format("the bytes of record {} are damaged (bad checksum); they belong to "
                         "partition {} of topic {}, segment {}, position {}",
                         record->sequence, e.partition, e.topic, e.segment, e.at),
             "they were acknowledged: the next start takes that partition offline until it is "
             "restored");
      }
    }
    if (!each(*record)) return;
  }
  if (scan.damaged_at()) {
    tell(to, level::damage, label, scan.damaged_at()->value(),
         "damaged, and what was written after that is there",
         "the broker does not start: acknowledged records of any partition may be lost; restore "
         "the file, or remove it to give up what it held");
  }
}

journals read_journals(const std::string& folder, const std::string& label, findings& to,
                       progress& p) {
  journals out;
  std::vector<opened> all;
  std::error_code error;
  for (const auto& e : std::filesystem::directory_iterator(folder, error)) {
    const auto name = e.path().filename().string();
    auto shown = label;
    shown.append("/").append(name);
    const auto place = log::parse_journal_file_name(name);
    if (!place) {
      tell(to, level::note, shown, std::nullopt, "not a file of Weir", "it is left alone");
      continue;
    }
    try {
      auto file = open_source(e.path().string());
      const auto header = log::decode_journal_header(file->read(0, log::journal_block));
      all.push_back({file, shown, header ? header->generation : 0, place->shard});
    } catch (const read_failed& why) {
      tell(to, level::unchecked, shown, std::nullopt, why.what(), "its contents are unknown");
    }
  }
  std::ranges::sort(all, {}, [](const opened& o) { return std::pair(o.generation, o.shard); });
  for (const auto& o : all) {
    ++to.seen.files;
    const auto number = out.files.size();
    out.files.push_back(o.file);
    try {
      walk_journal(o.file, o.label, to, p, [&](const log::journal_found& record) {
        if (record.whole) log::add_extents(out.extents, record, number);
        return true;
      });
    } catch (const read_failed& why) {
      tell(to, level::unchecked, o.label, std::nullopt, why.what(), "its contents are unknown");
    }
  }
  return out;
}

}  // namespace weir::offline
