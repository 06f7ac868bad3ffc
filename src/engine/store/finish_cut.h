#pragma once
// A truncation that the end of the process, or of the power, cut short.
#include <string>

#include "engine/store/file.h"

namespace weir::store {

// Before a partition's directory is looked at: does again what a cut record there says, durably,
// and removes it. Nothing to do without one. Throws where it is damaged or of a later version.
seastar::future<> finish_cut(file_system& files, std::string directory);

}  // namespace weir::store
