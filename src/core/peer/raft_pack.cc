#include "core/peer/raft_pack.h"

#include "core/base/check.h"
#include "core/base/endian.h"
#include "core/base/varint.h"
#include "core/peer/raft_body.h"

namespace weir::peer {
namespace {

constexpr std::size_t uuid_size = 16;

}  // namespace

std::size_t raft_packer::head_size() const {
  return uvarint_size(topics_.size()) + topics_.size() * uuid_size + messages_.size();
}

std::size_t raft_packer::topic_place(const uuid& topic) {
  // Groups of one topic tend to come together.
  if (!topics_.empty() && topics_.back() == topic) return topics_.size() - 1;
  const auto [at, fresh] = places_.try_emplace(topic, topics_.size());
  if (fresh) topics_.push_back(topic);
  return at->second;
}

raft_packer::added raft_packer::add(const raft_post& post) {
  const auto before = messages_.size();
  const auto topics_before = topics_.size();
  const bool was_empty = empty();
  const auto place = topic_place(post.group.topic_id);
  write_raft_message(messages_, place, post);
  const auto tail = tail_.size() + post.frames.size();
  const bool fits = head_size() <= limits_.head_max && tail <= limits_.tail_max;
  const bool fits_alone = head_size() <= frame_head_max && tail <= frame_tail_max;
  if (fits || (was_empty && fits_alone)) {
    tail_.append(post.frames);
    return added::yes;
  }
  messages_.resize(before);
  if (topics_.size() > topics_before) {
    places_.erase(topics_.back());
    topics_.pop_back();
  }
  return was_empty ? added::too_large : added::full;
}

bytes raft_packer::take_head() {
  std::string head(varint_size_max, '\0');
  head.resize(put_uvarint(head.data(), topics_.size()));
  head.reserve(head_size());
  for (const auto& topic : topics_) {
    char raw[uuid_size];
    store_be(raw, topic.high);
    store_be(raw + 8, topic.low);
    head.append(raw, uuid_size);
  }
  head.append(messages_);
  topics_.clear();
  places_.clear();
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
