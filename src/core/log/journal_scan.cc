#include "core/log/journal_scan.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/base/crc32c.h"

namespace weir::log {
namespace {

constexpr std::size_t search_step = 128 * 1024;

}  // namespace

journal_scanner::journal_scanner(const journal_header& header, std::uint64_t file_size)
    : header_(header), size_(file_size), sequence_(header.first_sequence) {
  if (header.generation == 0) {
    mode_ = mode::done;
  } else {
    begin_record();
  }
}

void journal_scanner::begin_record() {
  table_.reset();
  if (at_.value() >= size_) {
    mode_ = mode::done;
    return;
  }
  mode_ = mode::head;
  wanted_ = {at_, journal_record_head_size};
}

void journal_scanner::feed(std::string_view bytes) {
  weir_check(!done() && bytes.size() <= wanted_.size, "journal fed with {} of {} bytes",
             bytes.size(), wanted_.size);
  if (mode_ == mode::head) {
    take_head(bytes);
  } else if (mode_ == mode::whole) {
    take_whole(bytes);
  } else {
    search(bytes);
  }
}

void journal_scanner::take_head(std::string_view bytes) {
  const auto head = decode_record(bytes, header_.salt, at_);
  if (!head || head->sequence != sequence_) return begin_search();
  record_ = *head;
  mode_ = mode::whole;
  wanted_.size = journal_record_head_size + record_.table_size() + record_.bytes;
}

void journal_scanner::take_whole(std::string_view bytes) {
  const auto rest = bytes.substr(std::min(bytes.size(), journal_record_head_size));
  auto table = decode_table(record_, rest.substr(0, record_.table_size()));
  if (!table) return begin_search();
  table_ = std::move(*table);
  const auto data = rest.substr(record_.table_size());
  if (data.size() == record_.bytes && crc32c(data) == record_.bytes_crc) return found(true);
  begin_search();
}

void journal_scanner::found(bool whole) {
  found_ = {.at = at_,
            .data = at_ + journal_record_head_size + record_.table_size(),
            .whole = whole,
            .sequence = record_.sequence,
            .table = std::move(*table_)};
  at_ += record_.size();
  ++sequence_;
  begin_record();
}

// A later record is begun only when all before it are durable: one that follows proves damage.
void journal_scanner::begin_search() {
  mode_ = mode::search;
  wanted_ = {at_ + journal_block, search_step};
  if (wanted_.at.value() >= size_) mode_ = mode::done;
}

void journal_scanner::search(std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size(); i += journal_block) {
    const auto head = decode_record(bytes.substr(i), header_.salt, wanted_.at + i);
    if (!head || head->sequence <= sequence_) continue;
    if (table_) return found(false);
    damaged_at_ = at_;
    mode_ = mode::done;
    return;
  }
  wanted_.at += search_step;
  const auto end =
      std::min<std::uint64_t>(size_, at_.value() + journal_block + journal_record_size_max);
  if (wanted_.at.value() >= end) mode_ = mode::done;
}

void add_extents(journal_extents& to, const journal_found& record, std::size_t source) {
  auto data = record.data.value();
  for (const auto& e : record.table) {
    auto& known = to[{e.topic, e.partition, e.segment, e.salt}];
    if (e.kind == journal_kind::cut) {
      std::erase_if(known, [&](const journal_extent& x) { return x.at >= e.at.value(); });
      for (auto& x : known) x.size = std::min(x.size, e.at.value() - x.at);
    } else {
      known.push_back({e.at.value(), e.size, source, data});
      data += e.size;
    }
  }
}

}  // namespace weir::log
