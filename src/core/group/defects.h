#pragma once
// Rules that the simulator breaks on purpose, to prove that it would notice; constants in every
// other build (core/raft/defects.h has the why and how).

namespace weir::group {

#ifdef WEIR_BREAKABLE
#define WEIR_DEFECT bool
#else
#define WEIR_DEFECT static constexpr bool
#endif

struct defects {
  // Of groups of the classic protocol.
  WEIR_DEFECT keeps_generation = false;           // a rebalance ends where it began
  WEIR_DEFECT commits_in_any_generation = false;  // the generation of who commits is not looked at
  WEIR_DEFECT beats_in_any_generation = false;    // nor that of a heartbeat
  WEIR_DEFECT followers_assign = false;           // whoever syncs first brings the assignment
  WEIR_DEFECT assigns_unstored = false;           // an assignment is told that is in no log
  WEIR_DEFECT forgets_generation = false;         // a new leader begins to count anew
  WEIR_DEFECT old_instance_goes_on = false;       // a static member is not fenced by its successor
  WEIR_DEFECT return_not_stored = false;          // a static member's new id is in no log
  WEIR_DEFECT silent_members_stay = false;        // liveness: sessions never end
  // Of groups of the consumer protocol.
  WEIR_DEFECT keeps_epoch = false;             // a change of the group begins no epoch
  WEIR_DEFECT takes_what_is_owned = false;     // a member gets what another one still has
  WEIR_DEFECT awaits_no_revocation = false;    // nobody is asked whether it gave up
  WEIR_DEFECT fences_nobody = false;           // the epoch of a heartbeat is not looked at
  WEIR_DEFECT believes_old_epochs = false;     // one of before is good whatever the member has
  WEIR_DEFECT commits_in_any_epoch = false;    // nor is that of who commits
  WEIR_DEFECT takes_instances = false;         // from a static member that is there
  WEIR_DEFECT replays_no_revoking = false;     // a new leader knows not who is to give up what
  WEIR_DEFECT replays_no_epochs = false;       // nor since when each partition is its owner's
  WEIR_DEFECT ends_without_tombstone = false;  // of what a member had when it went
  WEIR_DEFECT ends_in_memory = false;          // that a member went is in no log
  WEIR_DEFECT silent_consumers_stay = false;   // liveness: sessions never end
  WEIR_DEFECT keepers_stay = false;            // liveness: who gives nothing up keeps it for ever
  // Of streams groups.
  WEIR_DEFECT keeps_streams_epoch = false;   // a change of the group begins no epoch
  WEIR_DEFECT takes_owned_tasks = false;     // a member gets a task that another one still has
  WEIR_DEFECT shares_processes = false;      // or that its own process has for something else
  WEIR_DEFECT awaits_no_tasks = false;       // nobody is asked whether it gave up
  WEIR_DEFECT fences_no_streams = false;     // the epoch of a heartbeat is not looked at
  WEIR_DEFECT believes_old_streams = false;  // one of before is good whatever the member has
  WEIR_DEFECT commits_tasks_in_any_epoch = false;  // nor is that of who commits
  WEIR_DEFECT replays_no_revoked_tasks = false;    // a new leader knows not who is to give up what
  WEIR_DEFECT ends_streams_in_memory = false;      // that a member went is in no log
  WEIR_DEFECT runs_without_topics = false;   // tasks are shared out before their topics are there
  WEIR_DEFECT asks_once_for_topics = false;  // liveness: what could not be made never is
  WEIR_DEFECT looks_once_at_topics = false;  // liveness: nor are changes of topics seen
  WEIR_DEFECT silent_streams_stay = false;   // liveness: sessions never end
  WEIR_DEFECT task_keepers_stay = false;     // liveness: who gives nothing up keeps it for ever
  // Of offsets.
  WEIR_DEFECT aborts_commit = false;         // those of an aborted transaction count
  WEIR_DEFECT takes_back = false;            // an old transaction's end replaces what came later
  WEIR_DEFECT tells_unstable = false;        // whoever wants stable ones is not asked to wait
  WEIR_DEFECT leaves_pending = false;        // a deletion spares what is pending
  WEIR_DEFECT expires_unrecorded = false;    // an offset goes without a tombstone
  WEIR_DEFECT expires_wanted = false;        // offsets expire under members that read there
  WEIR_DEFECT deletes_with_members = false;  // a group is deleted while it has members
};

#undef WEIR_DEFECT

}  // namespace weir::group
