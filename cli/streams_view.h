// Groups of Kafka Streams for people and for programs.
#pragma once

#include "cli/streams_groups.h"
#include "cli/table.h"

namespace weir::cli {

// What they have that other groups have not.
void add_streams_json(json& to, const streams_state& of);
void add_member_json(json& to, const streams_member& of);

// Its epochs, its members with their tasks, and its topology.
std::string streams_text(const group_state& g);

}  // namespace weir::cli
