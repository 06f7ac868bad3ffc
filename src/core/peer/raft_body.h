#pragma once
// One message of a pack. Numbers are unsigned varints; differences, which wrap, are zigzag ones.
#include <optional>
#include <string>
#include <string_view>

#include "core/peer/raft_post.h"

namespace weir::peer {

// Appends the message of a group whose topic is at `topic_place` of the pack's table.
void write_raft_message(std::string& to, std::size_t topic_place, const raft_post& post);

struct read_message {
  std::size_t topic_place = 0;
  std::int32_t partition = 0;
  raft::message message;  // without from and to
  std::size_t frames_size = 0;
};
// The message at the start of `from`, which then begins behind it. Nothing if it is malformed.
std::optional<read_message> read_raft_message(std::string_view& from);

}  // namespace weir::peer
