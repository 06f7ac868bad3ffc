#pragma once
#include <seastar/util/log.hh>

namespace weir {

extern seastar::logger replica_log;

}  // namespace weir
