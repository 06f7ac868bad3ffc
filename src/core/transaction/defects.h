#pragma once
// Rules that the simulator breaks on purpose, to prove that it would notice; constants in every
// other build (core/raft/defects.h has the why and how).

namespace weir::transaction {

#ifdef WEIR_BREAKABLE
#define WEIR_DEFECT bool
#else
#define WEIR_DEFECT static constexpr bool
#endif

struct defects {
  WEIR_DEFECT keeps_epoch = false;         // version 2 ends a transaction under its own epoch
  WEIR_DEFECT fences_nobody = false;       // an abort from here leaves the producer its epoch
  WEIR_DEFECT init_while_open = false;     // a new producer does not wait for the abort
  WEIR_DEFECT prepare_not_stored = false;  // markers leave for a decision that is not in the log
  WEIR_DEFECT changes_mind = false;        // a decided transaction takes the other decision too
  WEIR_DEFECT adds_when_decided = false;   // partitions are added while markers are on their way
  WEIR_DEFECT completes_early = false;     // one marker is enough
  WEIR_DEFECT any_report_counts = false;   // reports about other endings count
  WEIR_DEFECT adds_for_anyone = false;     // the epoch of who adds is not looked at
  WEIR_DEFECT ends_for_anyone = false;     // nor that of who ends
  WEIR_DEFECT verifies_anything = false;   // whatever a partition asks about belongs to it
  WEIR_DEFECT epochs_without_end = false;  // the last epoch is given to a client
  WEIR_DEFECT forgets_prepared = false;    // liveness: a new leader sends no markers
  WEIR_DEFECT no_timeouts = false;         // liveness: what nobody ends stays open
  WEIR_DEFECT sends_once = false;          // liveness: a marker that failed is not sent again
};

#undef WEIR_DEFECT

}  // namespace weir::transaction
