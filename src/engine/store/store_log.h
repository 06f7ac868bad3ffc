#pragma once
#include <seastar/util/log.hh>

namespace weir::store {

// The room's lines; its level is set at run time under this name: "store".
extern seastar::logger store_log;

}  // namespace weir::store
