#pragma once
// What keeps a coordinator from answering: nothing that the core decides.
#include <cstdint>

namespace weir {

enum class coordinator_error : std::uint8_t {
  no_topic,  // nobody has asked for a coordinator of this kind yet
  not_here,  // another broker leads its partition, or nobody does; or it was lost meanwhile
  loading,   // its log is being read
  crowded,   // as many requests wait as may
  no_space,  // its log waits for room on the device
  invalid_producer_epoch,  // of what would be stored in a producer's transaction
  invalid_transaction,     // the producer has none open here, and nobody vouches for one
};

}  // namespace weir
