#pragma once
// What the shard's share partitions did.
#include <cstdint>

namespace weir {

struct share_meters {
  std::uint64_t acquired = 0;  // records
  std::uint64_t acknowledgements = 0;
  std::uint64_t acknowledgements_refused = 0;
  std::uint64_t locks_ended = 0;  // looks at locks that ended some
  std::uint64_t released = 0;     // sessions that ended
  std::uint64_t writes = 0;       // of states
  std::uint64_t writes_failed = 0;
  std::uint64_t loaded = 0;
  std::uint64_t loads_failed = 0;
};

}  // namespace weir
