#pragma once
// Who decides over a partition that is led here: what led_partition tells it, in this order.
#include "core/record/batch_builder.h"
#include "core/record/record_reader.h"

namespace weir {

class decider {
 public:
  virtual ~decider() = default;
  // A term begins here: nothing is known. What is stored follows.
  virtual void begin() = 0;
  // False: it can't be understood, and who goes on without it would forget something.
  virtual bool replay(const record::batch_header& batch, const record::record& stored) = 0;
  // The end of a producer's transaction in this partition.
  virtual void replay_marker(const record::batch_header& batch, record::marker_seen seen) = 0;
  // All that is stored was told. From here on it decides.
  virtual void loaded() = 0;
  // The high watermark moved, in the same term.
  virtual void committed() = 0;
  // The term is over, or what was decided is not all in the log: whoever waits is told.
  virtual void end() = 0;
};

}  // namespace weir
