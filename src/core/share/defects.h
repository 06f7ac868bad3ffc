#pragma once
// Rules that the simulator breaks on purpose, to prove that it would notice; constants in every
// other build (core/raft/defects.h has the why and how).

namespace weir::share {

#ifdef WEIR_BREAKABLE
#define WEIR_DEFECT bool
#else
#define WEIR_DEFECT static constexpr bool
#endif

struct defects {
  // Of what a leader has out.
  WEIR_DEFECT gives_twice = false;         // what one member has is given to another one
  WEIR_DEFECT takes_anyones_word = false;  // acknowledgements of records that another member has
  WEIR_DEFECT takes_any_word = false;      // and of those that nobody has
  WEIR_DEFECT release_uncounted = false;   // a record that is given back was not delivered
  WEIR_DEFECT delivers_for_ever = false;   // the limit of deliveries is not looked at
  WEIR_DEFECT locks_never_end = false;
  WEIR_DEFECT renews_nothing = false;     // a renewal is taken, and the lock ends as before
  WEIR_DEFECT passes_acquired = false;    // the start moves past records that are out
  WEIR_DEFECT ignores_log_start = false;  // liveness: what was deleted is waited for
  WEIR_DEFECT joins_unlike = false;       // neighbours become one run whatever their counts
  // Of what it says that it changed.
  WEIR_DEFECT accepts_untold = false;
  WEIR_DEFECT ends_locks_untold = false;
  WEIR_DEFECT forgets_start = false;    // one that is told with others, by who says nothing
  WEIR_DEFECT releases_untold = false;  // with a session
  // Of what is stored.
  WEIR_DEFECT older_counts = false;   // of two batches of a record the lower one counts
  WEIR_DEFECT done_by_count = false;  // a higher count undoes what is done
  WEIR_DEFECT any_leader_epoch = false;
  WEIR_DEFECT any_state_epoch = false;
  WEIR_DEFECT unread_writes = false;       // who has not read the state writes it
  WEIR_DEFECT reads_fence_nobody = false;  // the leader before may write on
  WEIR_DEFECT start_goes_back = false;
  WEIR_DEFECT begins_twice = false;           // a repeated beginning undoes what came after it
  WEIR_DEFECT snapshot_drops_counts = false;  // of records that are to be delivered again
  WEIR_DEFECT updates_hold_news_only = false;
  WEIR_DEFECT replays_no_changes = false;  // a new coordinator forgets what is since the snapshot
  // Of sessions.
  WEIR_DEFECT any_session_epoch = false;
};

#undef WEIR_DEFECT

}  // namespace weir::share
