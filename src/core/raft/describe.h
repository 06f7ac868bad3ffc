#pragma once
// Messages and configurations in a line, for people: transcripts, the simulator's last events,
// logs.
#include <string>

#include "core/raft/consensus.h"

namespace weir::raft {

std::string describe(entry_id entry);  // "7@2": index 7 of term 2
std::string describe(const configuration& c);
std::string describe(const message& m);
std::string_view name(role r);
std::string_view name(fault f);
std::string_view name(refusal r);

}  // namespace weir::raft
