#include "cli/offline/partition_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "core/log/cleaner_checkpoint.h"
#include "core/log/group_record.h"

namespace weir::offline {
namespace {

constexpr const char* made_again =
    "nothing is lost: the next start makes it again from the segments";

}  // namespace

partition_check::partition_check(partition_place place, const journals& journal, progress& p,
                                 command_visit each_command)
    : place_(std::move(place)),
      journal_(journal),
      progress_(p),
      each_command_(std::move(each_command)) {}

void partition_check::tell(level how, const std::string& file, std::optional<std::uint64_t> at,
                           std::optional<offset> of, std::string what, std::string means) {
  out_.add({.how = how,
            .file = place_.label.empty() ? file : place_.label + "/" + file,
            .position = at,
            .offset = of ? std::optional(of->value()) : std::nullopt,
            .what = std::move(what),
            .means = std::move(means)});
}

findings partition_check::run() {
  ++out_.seen.partitions;
  try {
    list();
  } catch (const std::filesystem::filesystem_error& why) {
    tell(level::unchecked, "", std::nullopt, std::nullopt,
         "the directory cannot be read: " + why.code().message(), "its contents are unknown");
    return std::move(out_);
  }
  load_small();
  for (const auto first : firsts_)
    check_segment(log::segment_file_name(first), first == firsts_.back());
  if (terms_) terms_->finish(out_);
  producers_.finish(out_, out_.count(level::damage) == 0);
  check_cleaner();
  if (checkpoint_ && expected_ && out_.count(level::damage) == 0) {
    extent_.next = expected_->next;
    extent_.next_offset = expected_->next_offset;
    check_checkpoint(place_.label.empty() ? log::checkpoint_file_name
                                          : place_.label + "/" + log::checkpoint_file_name,
                     *checkpoint_, extent_, out_);
  }
  unlisted();
  return std::move(out_);
}

partition_check::log_end partition_check::ends() const {
  if (!expected_) return {};
  return {
      .index = expected_->next - 1, .term = expected_->term, .next_offset = expected_->next_offset};
}

findings partition_check::run_segment(const std::string& name) {
  check_segment(name, true);
  return std::move(out_);
}

void partition_check::list() {
  for (const auto& e : std::filesystem::directory_iterator(place_.directory)) {
    names_.push_back(e.path().filename().string());
    if (const auto first = log::parse_segment_file_name(names_.back())) firsts_.push_back(*first);
  }
  std::ranges::sort(names_);
  std::ranges::sort(firsts_);
}

// The content of a small file; nothing where it is not there or can't be read.
std::optional<std::string> partition_check::small(const std::string& name) {
  if (!std::filesystem::exists(place_.directory + "/" + name)) return std::nullopt;
  try {
    ++out_.seen.files;
    auto content = small_content(*open_source(place_.directory + "/" + name));
    if (content) return std::move(*content);
    tell(level::redundant, name, 0, std::nullopt, content.error(), made_again);
  } catch (const read_failed& why) {
    tell(level::unchecked, name, std::nullopt, std::nullopt, why.what(),
         "its contents are unknown");
  }
  return std::nullopt;
}

void partition_check::load_small() {
  const auto bad = [this](const std::string& name, log::log_error error, const char* means) {
    tell(error == log::log_error::newer_version ? level::unchecked : level::redundant, name, 0,
         std::nullopt, std::string(log::name(error)), means);
  };
  if (const auto file = small(log::checkpoint_file_name)) {
    if (const auto c = log::decode_checkpoint(*file)) {
      checkpoint_ = *c;
    } else {
      bad(log::checkpoint_file_name, c.error(),
          "no record is lost: the next start looks at the segments instead; records that were "
          "deleted by request may be seen again");
    }
  }
  check_group();
  std::optional<log::term_map> terms;
  if (const auto file = small(log::terms_file_name)) {
    if (auto t = log::term_map::decode(*file)) {
      terms = std::move(*t);
    } else {
      bad(log::terms_file_name, t.error(), made_again);
    }
  }
  terms_.emplace(
      place_.label.empty() ? log::terms_file_name : place_.label + "/" + log::terms_file_name,
      std::move(terms));
  for (const auto& name : names_) {
    const auto first = log::parse_producers_file_name(name);
    if (first ? !std::ranges::binary_search(firsts_, *first)
              : name != log::latest_producers_file_name)
      continue;
    const auto file = small(name);
    if (!file) continue;
    if (auto s = log::producer_sequences::decode(fragments::copy(*file))) {
      producers_.add(place_.label.empty() ? name : place_.label + "/" + name, std::move(*s));
    } else {
      bad(name, s.error(),
          "the next start uses an older snapshot or the segments; only producers that the log no "
          "longer tells of are forgotten");
    }
  }
}

// The only small file that nothing can make again: without it the vote is not known.
void partition_check::check_group() {
  const auto file = small(log::group_file_name);
  if (!file) return;
  const auto group = log::decode_group_record(*file);
  if (group) return;
  tell(group.error() == log::log_error::newer_version ? level::unchecked : level::damage,
       log::group_file_name, 0, std::nullopt, std::string(log::name(group.error())),
       "what this replica promised in elections is not known: the partition stays offline; restore "
       "it from a replica");
}

// A key may be twice only behind where it says.
void partition_check::check_cleaner() {
  const auto file = small(log::cleaner_file_name);
  if (!file) return;
  const auto c = log::decode_cleaner_checkpoint(*file);
  if (!c) {
    tell(c.error() == log::log_error::newer_version ? level::unchecked : level::redundant,
         log::cleaner_file_name, 0, std::nullopt, std::string(log::name(c.error())),
         "nothing is lost: the next compaction begins at the start of the log");
  } else if (expected_ && out_.count(level::damage) == 0 &&
             c->first_dirty > expected_->next_offset) {
    tell(level::redundant, log::cleaner_file_name, std::nullopt, c->first_dirty,
         fmt::format("compaction reached this offset, but the log ends at {}",
                     expected_->next_offset),
         "nothing is lost: the next compaction begins at the log's end at the latest");
  }
}

void partition_check::unlisted() {
  constexpr std::size_t damage_text_max = 4096;
  for (const auto& name : names_) {
    if (log::parse_segment_file_name(name) || name == log::terms_file_name ||
        name == log::checkpoint_file_name || name == log::cleaner_file_name ||
        name == log::group_file_name || name == log::latest_producers_file_name)
      continue;
    auto first = log::parse_index_file_name(name);
    if (!first) first = log::parse_producers_file_name(name);
    if (first && std::ranges::binary_search(firsts_, *first)) continue;
    if (name == log::damage_file_name) {
      const auto why = small(name);
      tell(level::damage, name, std::nullopt, std::nullopt,
           "an earlier start found the partition damaged: " +
               (why ? why->substr(0, std::min(why->find('\n'), damage_text_max)) : "?"),
           "the partition stays offline: restore it from a replica or a backup, or remove this "
           "file to give up what is missing");
    } else if (name == log::cut_file_name) {
      tell(level::note, name, std::nullopt, std::nullopt,
           "a truncation that was cut short: the next start does it again",
           "what is said of the segments behind it may not count");
    } else if (name == log::reset_file_name) {
      tell(level::note, name, std::nullopt, std::nullopt,
           "the log was being thrown away for another replica's state: the next start goes on",
           "what is said of the segments may not count");
    } else if (name.ends_with(log::deleted_suffix)) {
      tell(level::note, name, std::nullopt, std::nullopt, "a deleted segment on its way out",
           "the next start removes it");
    } else if (first || name.ends_with(".new")) {
      tell(level::note, name, std::nullopt, std::nullopt,
           first ? "belongs to a segment that is gone" : "a write that was cut short",
           "it serves nothing");
    } else {
      tell(level::note, name, std::nullopt, std::nullopt, "not a file of Weir", "it is left alone");
    }
  }
}

}  // namespace weir::offline
