// Groups that commit offsets.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "bench/load/settings.h"

namespace weir::load {

// settings.clients groups commit an offset each, as fast as they are answered.
nlohmann::json commit_offsets(const settings& s);

}  // namespace weir::load
