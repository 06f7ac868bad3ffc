#pragma once
// Internal topics of streams applications (KIP-1071): the broker that coordinates the group makes
// them.
#include <seastar/core/future.hh>

#include <map>
#include <string>

#include "core/group/internal_topics_wanted.h"
#include "engine/cluster/cluster.h"

namespace weir {

// Why those failed that did, by name. One that is there already is no failure.
seastar::future<std::map<text, std::string>> make_streams_topics(
    cluster& state, const group::internal_topics_wanted& wanted);

}  // namespace weir
