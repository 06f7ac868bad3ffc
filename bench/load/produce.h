// Writers: as fast as the broker takes it, or at a fixed rate that waits for nothing.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "bench/load/settings.h"

namespace weir::load {

nlohmann::json produce(const settings& s);

}  // namespace weir::load
