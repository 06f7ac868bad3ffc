#pragma once
#include <seastar/util/log.hh>

namespace weir {

extern seastar::logger coordinator_log;

}  // namespace weir
