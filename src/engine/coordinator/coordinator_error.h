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
};

}  // namespace weir
