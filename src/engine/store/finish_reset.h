#pragma once
// A log that is thrown away for another's state (docs/formats/reset.md).
#include <string>

#include "core/log/reset_record.h"
#include "core/log/segment_header.h"
#include "engine/store/file.h"

namespace weir::store {

// The header of the segment that the new log begins with, but for the vote.
log::segment_header header_after(const log::reset_record& reset, uuid topic,
                                 partition_id partition);
// Does what the record in the directory says, durably, and removes it. Begun again from any point
// of it, it comes to the same.
seastar::future<> carry_out_reset(file_system& files, std::string directory,
                                  log::reset_record reset, uuid topic, partition_id partition);
// Before a partition's directory is looked at: does again what a record there says. Throws where it
// is damaged or of a later version.
seastar::future<> finish_reset(file_system& files, std::string directory, uuid topic,
                               partition_id partition);

}  // namespace weir::store
