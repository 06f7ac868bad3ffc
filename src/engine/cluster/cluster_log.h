#pragma once
#include <seastar/util/log.hh>

namespace weir {

// The room's lines; its level is set at run time under this name: "cluster".
extern seastar::logger cluster_log;

}  // namespace weir
