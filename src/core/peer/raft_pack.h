#pragma once
// Messages of many groups in one frame: a table of topics, then the messages, each a few varints;
// the entries' frames are the frame's tail. A heartbeat takes about ten bytes, and a topic that it
// does not share with others in the pack 16 more.
//
// Invariants: messages keep their order. Who sent a pack and to whom is known from the connection
// and stands in no message. Decoding holds one message at a time, so that a pack takes no more
// memory than its largest message, whatever it claims.
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "core/peer/frame.h"
#include "core/peer/raft_post.h"

namespace weir::peer {

struct pack_limits {
  std::size_t head_max = 64U << 10;  // of a whole pack; one larger message goes alone
  std::size_t tail_max = 1U << 20;   // the same
};

// Entries of one append; raft_options::append_entries_max may be no more.
inline constexpr std::uint32_t pack_entries_max = 2048;

// Topics of a pack and their places. Ids are random, so that one multiplication hashes them; topics
// are taken out only in the order opposite to that in which they came.
class topic_table {
 public:
  [[nodiscard]] std::size_t size() const { return topics_.size(); }
  [[nodiscard]] const std::vector<uuid>& topics() const { return topics_; }
  std::size_t place(const uuid& topic);  // added if it is not there
  void remove_last();
  void clear();

 private:
  // Where the topic stands, or would.
  [[nodiscard]] std::size_t slot(const uuid& topic) const;
  void grow();

  std::vector<uuid> topics_;
  std::vector<std::uint32_t> slots_;  // place + 1; 0: free. At most half of them are taken
};

class raft_packer {
 public:
  explicit raft_packer(pack_limits limits = {}) : limits_(limits) {}

  enum class added : std::uint8_t {
    yes,
    full,       // take() first
    too_large,  // it fits into no frame
  };
  added add(const raft_post& post);
  [[nodiscard]] bool empty() const { return messages_.empty(); }
  [[nodiscard]] std::size_t size() const { return head_size() + tail_.size(); }
  // The frame; the packer is empty afterwards.
  [[nodiscard]] fragments take();
  // The same as a frame's head alone, for snapshot_begin.
  [[nodiscard]] bytes take_head();

 private:
  [[nodiscard]] std::size_t head_size() const;

  pack_limits limits_;
  topic_table topics_;
  std::string messages_;
  fragments tail_;
};

class raft_unpacker {
 public:
  // Both must outlive it; messages share the tail's memory.
  raft_unpacker(std::string_view head, const fragments& tail, node_id from, node_id to);

  // The next message; nothing after the last. After an error there is nothing more to get.
  std::expected<std::optional<raft_post>, peer_error> next();

 private:
  std::string_view topics_;
  std::string_view left_;
  fragments_cursor frames_;
  node_id from_;
  node_id to_;
  bool malformed_ = false;
};

}  // namespace weir::peer
