// Clients that make transactions, one after the other each.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "bench/load/settings.h"

namespace weir::load {

// settings.clients producers, each with a transactional id of its own: settings.records records of
// settings.record_bytes to partitions in turn, and a commit. Only committed ones are counted, and
// how often one had to ask again because its transaction before was still ending.
nlohmann::json transact(const settings& s);

}  // namespace weir::load
