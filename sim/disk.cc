#include "sim/disk.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/base/crc32c.h"

namespace weir::sim {
namespace {

constexpr std::size_t sector = 512;

}  // namespace

disk::disk(random& chance, std::size_t segment_bytes)
    : chance_(&chance), segment_bytes_(segment_bytes) {
  begin_segment();
}

std::string disk::header_of(const segment& s, log::segment_header rest) const {
  rest.salt = s.salt;
  rest.first_index = s.first;
  rest.forgotten = forgotten_;
  std::array<char, log::segment_header_size> block{};
  log::encode(rest, std::span(block));
  return {block.data(), block.size()};
}

void disk::begin_segment() {
  segment next{.salt = chance_->next(), .first = next_};
  next.header =
      header_of(next, {.first_offset = next_offset_, .term = last_term_, .last_vote = vote_});
  segments_.push_back(std::move(next));
}

log_index disk::closed_through(log_index most) const {
  log_index through;
  for (std::size_t i = 0; i + 1 < segments_.size(); ++i) {
    if (segments_[i].flushed < segments_[i].frames.size() || segments_[i + 1].first > most + 1)
      break;
    through = segments_[i + 1].first - 1;
  }
  return through;
}

// Votes stay as well: they are no entries.
void disk::write_again(segment& s, const std::set<log_index>& gone) {
  const auto old = std::exchange(s.frames, {});
  const auto old_salt = std::exchange(s.salt, s.salt ^ 0x5a17);
  s.entry_at.clear();
  for (std::size_t at = 0; at < old.size();) {
    auto head = log::decode_frame_head(std::string_view(old).substr(at), old_salt,
                                       position(log::segment_header_size + at));
    weir_check(head.has_value(), "a frame at {} of a durable segment is unreadable", at);
    const auto size = head->size();
    if (!head->is_entry() || !gone.contains(head->index)) {
      head->unflushed_before = 0;
      head->after_hole = false;
      if (head->is_entry()) s.entry_at.push_back({head->index, s.frames.size()});
      const auto encoded =
          log::encode(*head, s.salt, position(log::segment_header_size + s.frames.size()));
      s.frames.append(encoded.data(), encoded.size());
      s.frames.append(old, at + log::frame_head_size, head->body_size);
    }
    at += size;
  }
}

void disk::compact(log_index through, const std::set<log_index>& gone, log_index forgotten,
                   snapshot_ptr to) {
  forgotten_ = std::max(forgotten_, forgotten);
  snapshot_ = std::move(to);
  for (std::size_t i = 0; i + 1 < segments_.size() && segments_[i + 1].first <= through + 1; ++i) {
    auto& s = segments_[i];
    const auto before = log::decode_segment_header(s.header);
    const auto behind = log::decode_segment_header(segments_[i + 1].header);
    weir_check(before && behind, "a header of segment {} is unreadable", i);
    if (s.first == segments_[i + 1].first) continue;  // it has no entry
    write_again(s, gone);
    s.flushed = s.flushing = s.frames.size();
    s.known_flushed = std::min(s.known_flushed, s.flushed);
    s.header = header_of(s, {.first_offset = before->first_offset,
                             .term = before->term,
                             .last_vote = before->last_vote,
                             .compacted = log::compacted_span{
                                 .next_index = behind->first_index,
                                 .next_offset = behind->first_offset,
                                 .end = position(log::segment_header_size + s.frames.size()),
                                 .last_term = std::max(before->term, behind->term)}});
  }
}

void disk::write(log::frame_head head, const std::string& body) {
  if (segments_.back().frames.size() >= segment_bytes_) begin_segment();
  auto& to = segments_.back();
  head.body_size = static_cast<std::uint32_t>(body.size());
  head.unflushed_before = static_cast<std::uint32_t>(to.frames.size() - to.flushed);
  const position at(log::segment_header_size + to.frames.size());
  if (head.is_entry()) to.entry_at.push_back({head.index, to.frames.size()});
  const auto bytes = log::encode(head, to.salt, at);
  to.frames.append(bytes.data(), bytes.size());
  to.frames += body;
}

void disk::save_vote(log::vote vote) {
  vote_ = vote;
  const auto encoded = log::encode(vote);
  const std::string body(encoded.data(), encoded.size());
  write({.kind = log::frame_kind::vote,
         .body_crc = crc32c(body),
         .term = vote.term,
         .index = next_,
         .base_offset = next_offset_},
        body);
}

void disk::append(const entry& e) {
  const bool hole = e.head.index > next_;
  weir_check(hole ? e.head.first_offset > next_offset_
                  : e.head.index == next_ && e.head.first_offset == next_offset_,
             "entry {} at offset {}, {} and {} come next", e.head.index, e.head.first_offset, next_,
             next_offset_);
  write({.kind = e.kind,
         .body_crc = crc32c(e.kind == log::frame_kind::batch ? std::string_view(*e.body).substr(21)
                                                             : std::string_view(*e.body)),
         .term = e.head.term,
         .index = e.head.index,
         .base_offset = e.head.first_offset,
         .offset_count = e.head.offset_count,
         .after_hole = hole},
        *e.body);
  next_ = e.head.index + 1;
  next_offset_ = e.head.first_offset + e.head.offset_count;
  last_term_ = e.head.term;
}

void disk::truncate_after(log_index last, offset next_offset) {
  next_ = last + 1;
  next_offset_ = next_offset;
  begin_segment();
  auto fresh = std::move(segments_.back());
  segments_.pop_back();
  while (!segments_.empty() && segments_.back().first >= next_) segments_.pop_back();
  if (!segments_.empty()) {
    auto& cut = segments_.back();
    const auto kept = std::ranges::lower_bound(cut.entry_at, next_, {}, &segment::place::index);
    if (kept != cut.entry_at.end()) {
      cut.frames.resize(kept->at);
      cut.entry_at.erase(kept, cut.entry_at.end());
      cut.flushed = std::min(cut.flushed, cut.frames.size());
      cut.flushing = std::min(cut.flushing, cut.frames.size());
      cut.known_flushed = std::min(cut.known_flushed, cut.frames.size());
    }
  }
  segments_.push_back(std::move(fresh));
}

void disk::reset(snapshot_ptr to, log_index forgotten) {
  snapshot_ = std::move(to);
  forgotten_ = forgotten;
  next_ = snapshot_->last.index + 1;
  next_offset_ = snapshot_->next_offset;
  last_term_ = snapshot_->last.term;
  segments_.clear();
  begin_segment();
}

void disk::trim(snapshot_ptr to) {
  snapshot_ = std::move(to);
  while (segments_.size() > 1 && segments_[1].first <= snapshot_->last.index + 1) {
    segments_.erase(segments_.begin());
  }
}

void disk::begin_flush() {
  for (auto& s : segments_) s.flushing = s.frames.size();
}

void disk::end_flush() {
  for (auto& s : segments_) s.flushed = std::max(s.flushed, s.flushing);
}

// Of what was not flushed a device may have written any sectors.
void disk::crash() {
  const auto way = chance_->below(3);
  for (auto& s : segments_) {
    const auto open = s.frames.size() - s.flushed;
    if (open == 0) continue;
    if (way == 0) {
      s.frames.resize(s.flushed);
    } else if (way == 1) {
      s.frames.resize(s.flushed + chance_->below(open + 1));
    } else {
      for (auto at = s.flushed; at < s.frames.size();) {
        const auto end = std::min((at / sector + 1) * sector, s.frames.size());
        if (chance_->chance(500'000)) {
          std::fill_n(s.frames.begin() + static_cast<long>(at), end - at, '\0');
        }
        at = end;
      }
    }
  }
}

bool disk::rot() {
  auto& s = segments_[chance_->below(segments_.size())];
  if (s.flushed == 0) return false;
  s.known_flushed = s.flushed;
  const auto at = chance_->below(s.flushed);
  s.frames[at] = static_cast<char>(s.frames[at] ^ (1 << chance_->below(8)));
  return true;
}

// False: damaged.
bool disk::scan(segment& s, recovered& out, log_index base) {
  const auto compacted = log::decode_segment_header(s.header)->compacted;
  log::scanner scan({.salt = s.salt,
                     .end = position(log::segment_header_size + s.frames.size()),
                     .flushed_through = position(log::segment_header_size + s.known_flushed),
                     .next_index = next_,
                     .next_offset = next_offset_,
                     .last_term = last_term_,
                     .allow_gaps = compacted.has_value()});
  s.entry_at.clear();
  while (!scan.done()) {
    const auto at = scan.wanted();
    scan.feed(at, std::string_view(s.frames).substr(at.value() - log::segment_header_size));
    while (const auto frame = scan.next()) {
      if (!frame->head.is_entry()) continue;
      const auto begin = frame->at.value() - log::segment_header_size;
      s.entry_at.push_back({frame->head.index, begin});
      if (frame->head.index <= base) continue;
      out.entries.push_back(make_entry(
          {.term = frame->head.term,
           .index = frame->head.index,
           .first_offset = frame->head.base_offset,
           .offset_count = frame->head.offset_count},
          frame->head.kind, s.frames.substr(begin + log::frame_head_size, frame->head.body_size)));
    }
  }
  const auto& result = scan.result();
  if (result.tail == log::tail_state::corrupt) return false;
  s.frames.resize(result.valid_through.value() - log::segment_header_size);
  s.flushed = s.flushing = s.frames.size();
  next_ = compacted ? compacted->next_index : result.next_index;
  next_offset_ = compacted ? compacted->next_offset : result.next_offset;
  last_term_ = std::max(last_term_, result.last_term);
  if (result.last_vote && result.last_vote->term >= vote_.term) vote_ = *result.last_vote;
  return true;
}

std::optional<recovered> disk::recover() {
  recovered out{.base = snapshot_, .held = held_};
  const auto base = snapshot_ ? snapshot_->last.index : log_index{};
  vote_ = {};
  last_term_ = {};
  std::size_t kept = 0;
  bool is_gap = false;
  for (auto& s : segments_) {
    const auto header = log::decode_segment_header(s.header);
    if (!header) return std::nullopt;
    // Also where its frames are of no use: a promise was durable with the header.
    if (header->last_vote.term >= vote_.term) vote_ = header->last_vote;
    if (is_gap) continue;
    out.forgotten = std::max(out.forgotten, header->forgotten);
    if (kept > 0 && header->first_index != next_) {
      // The end of the one before was never flushed, so nothing here was either.
      is_gap = true;
      continue;
    }
    next_ = header->first_index;
    next_offset_ = header->first_offset;
    if (!scan(s, out, base)) return std::nullopt;
    ++kept;
  }
  segments_.resize(kept);
  if (next_ <= base) {
    out.entries.clear();
    segments_.clear();
    next_ = base + 1;
    next_offset_ = snapshot_->next_offset;
    last_term_ = snapshot_->last.term;
  }
  out.last_vote = vote_;
  forgotten_ = out.forgotten;
  begin_segment();
  return out;
}

}  // namespace weir::sim
