#include "core/log/term_map.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/base/crc32c.h"
#include "core/base/endian.h"

namespace weir::log {
namespace {

constexpr std::string_view magic = "WEIRTRM\n";
constexpr std::uint32_t version = 1;
constexpr std::size_t header_size = 24;
constexpr std::size_t entry_size = 24;

}  // namespace

void term_map::append(weir::term term, log_index index, offset base_offset) {
  if (!entries_.empty()) {
    const auto& last = entries_.back();
    weir_check(term >= last.term && index >= last.first_index,
               "entry {} of term {} after term {}, which began at {}", index, term, last.term,
               last.first_index);
    if (term == last.term) return;
    base_offset = std::max(base_offset, last.first_offset);
  }
  entries_.push_back({term, index, base_offset});
}

void term_map::truncate(log_index from) {
  while (!entries_.empty() && entries_.back().first_index >= from) entries_.pop_back();
}

void term_map::trim(log_index first, offset first_offset) {
  const auto later = std::ranges::upper_bound(entries_, first, {}, &term_entry::first_index);
  if (later == entries_.begin()) return;
  auto kept = std::prev(later);  // the term of the first entry kept
  kept->first_index = first;
  kept->first_offset = std::max(kept->first_offset, first_offset);
  entries_.erase(entries_.begin(), kept);
}

std::optional<term_end> term_map::end_of(weir::term asked, offset log_end) const {
  if (entries_.empty() || asked > entries_.back().term) return std::nullopt;
  if (asked == entries_.back().term) return term_end{asked, log_end};
  const auto next = std::ranges::upper_bound(entries_, asked, {}, &term_entry::term);
  const auto term = next == entries_.begin() ? asked : std::prev(next)->term;
  return term_end{term, next->first_offset};
}

std::optional<weir::term> term_map::term_at(log_index index) const {
  const auto next = std::ranges::upper_bound(entries_, index, {}, &term_entry::first_index);
  if (next == entries_.begin()) return std::nullopt;
  return std::prev(next)->term;
}

// Of terms that begin at one offset only the last can hold it: the others took none.
std::optional<weir::term> term_map::term_at(offset wanted) const {
  const auto next = std::ranges::upper_bound(entries_, wanted, {}, &term_entry::first_offset);
  if (next == entries_.begin()) return std::nullopt;
  return std::prev(next)->term;
}

std::optional<term_entry> term_map::find(weir::term term) const {
  const auto at = std::ranges::lower_bound(entries_, term, {}, &term_entry::term);
  if (at == entries_.end() || at->term != term) return std::nullopt;
  return *at;
}

std::optional<weir::term> term_map::latest() const {
  if (entries_.empty()) return std::nullopt;
  return entries_.back().term;
}

std::string term_map::encode() const {
  std::string out(header_size + entries_.size() * entry_size, '\0');
  std::ranges::copy(magic, out.begin());
  store_le(out.data() + 8, version);
  store_le(out.data() + 16, static_cast<std::uint64_t>(entries_.size()));
  char* to = out.data() + header_size;
  for (const auto& e : entries_) {
    store_le(to, e.term.value());
    store_le(to + 8, e.first_index.value());
    store_le(to + 16, e.first_offset.value());
    to += entry_size;
  }
  store_le(out.data() + 12, crc32c(std::string_view(out).substr(16)));
  return out;
}

std::expected<term_map, log_error> term_map::decode(std::string_view file) {
  if (file.size() < header_size) return std::unexpected(log_error::cut_off);
  if (!file.starts_with(magic)) return std::unexpected(log_error::bad_magic);
  const auto file_version = load_le<std::uint32_t>(file.data() + 8);
  if (file_version > version) return std::unexpected(log_error::newer_version);
  if (load_le<std::uint32_t>(file.data() + 12) != crc32c(file.substr(16))) {
    return std::unexpected(log_error::bad_checksum);
  }
  const auto count = load_le<std::uint64_t>(file.data() + 16);
  const auto room = (file.size() - header_size) / entry_size;
  if (file_version != version || count != room || file.size() != header_size + room * entry_size) {
    return std::unexpected(log_error::bad_field);
  }
  term_map out;
  out.entries_.reserve(count);
  for (const char* from = file.data() + header_size; out.entries_.size() < count;
       from += entry_size) {
    const term_entry e{weir::term(load_le<std::uint64_t>(from)),
                       log_index(load_le<std::uint64_t>(from + 8)),
                       offset(load_le<std::int64_t>(from + 16))};
    const bool follows =
        out.entries_.empty() ||
        (e.term > out.entries_.back().term && e.first_index > out.entries_.back().first_index &&
         e.first_offset >= out.entries_.back().first_offset);
    if (!follows || e.first_offset.value() < 0) return std::unexpected(log_error::bad_field);
    out.entries_.push_back(e);
  }
  return out;
}

}  // namespace weir::log
