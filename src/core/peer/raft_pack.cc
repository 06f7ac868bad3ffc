#include "core/peer/raft_pack.h"

#include <algorithm>
#include <utility>

#include "core/base/endian.h"
#include "core/base/varint.h"
#include "core/peer/raft_body.h"

namespace weir::peer {
namespace {

constexpr std::size_t uuid_size = 16;

}  // namespace

std::size_t topic_table::slot(const uuid& topic) const {
  constexpr std::uint64_t odd = 0x9e3779b97f4a7c15;
  const std::uint64_t hash = (topic.high ^ topic.low) * odd;
  auto at = static_cast<std::size_t>(hash >> 32) & (slots_.size() - 1);
  while (slots_[at] != 0 && topics_[slots_[at] - 1] != topic) at = (at + 1) & (slots_.size() - 1);
  return at;
}

void topic_table::grow() {
  constexpr std::size_t slots_min = 16;
  slots_.assign(std::max(slots_min, 2 * slots_.size()), 0);
  for (std::size_t i = 0; i < topics_.size(); ++i) {
    slots_[slot(topics_[i])] = static_cast<std::uint32_t>(i + 1);
  }
}

std::size_t topic_table::place(const uuid& topic) {
  // Groups of one topic tend to come together.
  if (!topics_.empty() && topics_.back() == topic) return topics_.size() - 1;
  if (2 * (topics_.size() + 1) > slots_.size()) grow();
  auto& there = slots_[slot(topic)];
  if (there == 0) {
    topics_.push_back(topic);
    there = static_cast<std::uint32_t>(topics_.size());
  }
  return there - 1;
}

void topic_table::remove_last() {
  // No other was put behind it on the way to a free slot: it came last.
  slots_[slot(topics_.back())] = 0;
  topics_.pop_back();
}

void topic_table::clear() {
  if (!topics_.empty()) std::ranges::fill(slots_, 0);
  topics_.clear();
}

std::size_t raft_packer::head_size() const {
  return uvarint_size(topics_.size()) + topics_.size() * uuid_size + messages_.size();
}

raft_packer::added raft_packer::add(const raft_post& post) {
  const auto before = messages_.size();
  const auto topics_before = topics_.size();
  const bool was_empty = empty();
  const auto place = topics_.place(post.group.topic_id);
  write_raft_message(messages_, place, post);
  const auto tail = tail_.size() + post.frames.size();
  const bool fits = head_size() <= limits_.head_max && tail <= limits_.tail_max;
  const bool fits_alone = head_size() <= frame_head_max && tail <= frame_tail_max;
  if (fits || (was_empty && fits_alone)) {
    tail_.append(post.frames);
    return added::yes;
  }
  messages_.resize(before);
  if (topics_.size() > topics_before) topics_.remove_last();
  return was_empty ? added::too_large : added::full;
}

bytes raft_packer::take_head() {
  std::string head(varint_size_max, '\0');
  head.resize(put_uvarint(head.data(), topics_.size()));
  head.reserve(head_size());
  for (const auto& topic : topics_.topics()) {
    char raw[uuid_size];
    store_be(raw, topic.high);
    store_be(raw + 8, topic.low);
    head.append(raw, uuid_size);
  }
  head.append(messages_);
  topics_.clear();
  messages_.clear();
  return bytes::from(std::move(head));
}

fragments raft_packer::take() {
  auto head = take_head();
  const auto tail = std::exchange(tail_, {});
  return frame_of(message_kind::raft_pack, std::move(head), tail);
}

raft_unpacker::raft_unpacker(std::string_view head, const fragments& tail, node_id from, node_id to)
    : frames_(tail), from_(from), to_(to) {
  const auto count = get_uvarint(head, 32);
  if (!count || count->value > (head.size() - count->size) / uuid_size) {
    malformed_ = true;
    return;
  }
  topics_ = head.substr(count->size, count->value * uuid_size);
  left_ = head.substr(count->size + topics_.size());
}

std::expected<std::optional<raft_post>, peer_error> raft_unpacker::next() {
  if (!malformed_ && left_.empty() && frames_.left() == 0) return std::nullopt;
  auto read = malformed_ ? std::nullopt : read_raft_message(left_);
  if (!read || read->topic_place >= topics_.size() / uuid_size ||
      read->frames_size > frames_.left()) {
    malformed_ = true;
    left_ = {};
    return std::unexpected(peer_error::malformed);
  }
  const char* topic = topics_.data() + read->topic_place * uuid_size;
  raft_post post;
  post.group = {{load_be<std::uint64_t>(topic), load_be<std::uint64_t>(topic + 8)},
                read->partition};
  post.message = std::move(read->message);
  post.message.from = from_;
  post.message.to = to_;
  post.frames = frames_.take(read->frames_size);
  return post;
}

}  // namespace weir::peer
