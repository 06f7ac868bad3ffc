#pragma once
// Whom a group does not wait for before it sleeps, and what it is not woken by then.
#include "core/raft/consensus.h"

namespace weir::raft {

// Silent for so long that its leader sleeps without it. It is asked by whoever wakes the group, and
// wakes it when it is back.
[[nodiscard]] bool is_away(const progress& peer, milliseconds now, const raft_options& options);

// Several heartbeats may be on their way when the answers to one of them let a leader fall asleep.
// Answers to the others tell it nothing new: woken by them it would ask again, and so on. One that
// lacks something was away, and its first answer is what brings it back.
[[nodiscard]] bool sleeps_through(const consensus& sleeper, const message& m);

}  // namespace weir::raft
