// What waits for the connection of an outgoing_link, and how it becomes writes.
#include "engine/peer/outgoing_link.h"
#include "engine/peer/peer_log.h"

namespace weir::peer {
namespace {

constexpr std::size_t post_bytes = 128;  // what a queued message takes beside its frames

}  // namespace

std::size_t& outgoing_link::queued() {
  return way_ == way::prompt ? to_.prompt_queued : to_.bulk_queued;
}

std::size_t outgoing_link::queue_bytes_max() const {
  return way_ == way::prompt ? to_.settings.prompt_queue_bytes : to_.settings.bulk_queue_bytes;
}

bool outgoing_link::offer(raft_post post) {
  const auto size = post_bytes + post.frames.size();
  // The oldest stay: a later append without its predecessor would only be refused.
  if (!accepts() || queued() + size > queue_bytes_max()) return false;
  queued() += size;
  if (way_ == way::bulk) ++appends_[post.group];
  posts_.push_back(std::move(post));
  if (open_) open_->out.wake();
  return true;
}

void outgoing_link::send_beat(const beat& b) {
  if (up_) enqueue({.frame = frame_of(b)});
}

void outgoing_link::enqueue(queued_frame f) {
  queued() += f.frame.size();
  frames_.push_back(std::move(f));
  if (open_) open_->out.wake();
}

fragments outgoing_link::more() {
  fragments out;
  if (hello_) {
    out = *std::exchange(hello_, std::nullopt);
  } else if (up_) {
    more_frames(out);
    more_posts(out);
  }
  to_.meters.sent_bytes += out.size();
  if (!out.empty()) ++to_.meters.writes;
  return out;
}

void outgoing_link::more_frames(fragments& out) {
  // Chunks of a state leave half of each write to appends.
  const auto max = to_.settings.write_bytes_max / (posts_.empty() ? 1 : 2);
  while (!frames_.empty() && out.size() < max) {
    auto f = std::move(frames_.front());
    frames_.pop_front();
    queued() -= f.frame.size();
    if (f.call_id == 0 || calls_.leaves(f.call_id)) out.append(f.frame);
  }
}

void outgoing_link::more_posts(fragments& out) {
  while (!posts_.empty() && out.size() + packer_.size() < to_.settings.write_bytes_max) {
    auto& post = posts_.front();
    const auto added = packer_.add(post);
    if (added == raft_packer::added::full) {
      out.append(take_pack());
      continue;
    }
    queued() -= post_bytes + post.frames.size();
    if (added == raft_packer::added::yes) {
      ++to_.meters.sent_messages;
      if (way_ == way::bulk) packed_.push_back(post.group);
    } else {
      ++to_.meters.dropped_messages;
      peer_log.error("broker {}: a message of {} bytes fits into no frame and is dropped", to_.id,
                     post.frames.size());
      if (way_ == way::bulk && --appends_[post.group] == 0) appends_.erase(post.group);
    }
    posts_.pop_front();
  }
  if (!packer_.empty()) out.append(take_pack());
}

fragments outgoing_link::take_pack() {
  if (way_ == way::bulk) packs_out_.push_back(std::exchange(packed_, {}));
  return packer_.take();
}

void outgoing_link::appends_taken(std::int64_t packs) {
  if (packs < packs_taken_ || packs - packs_taken_ > static_cast<std::int64_t>(packs_out_.size())) {
    throw peer_violation("an acknowledgement of what was not sent");
  }
  for (; packs_taken_ < packs; ++packs_taken_) {
    for (const auto& group : packs_out_.front()) {
      const auto at = appends_.find(group);
      if (--at->second == 0) appends_.erase(at);
    }
    packs_out_.pop_front();
  }
}

void outgoing_link::forget_all() {
  to_.meters.dropped_messages += posts_.size();
  for (const auto& f : frames_) queued() -= f.frame.size();
  for (const auto& p : posts_) queued() -= post_bytes + p.frames.size();
  frames_.clear();
  posts_.clear();
  appends_.clear();
  packed_.clear();
  packs_out_.clear();
  packs_taken_ = 0;
  hello_.reset();
  calls_.lose_all();
  snapshots_.lose_all();
}

}  // namespace weir::peer
