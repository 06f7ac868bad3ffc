#pragma once
// The journals of a data directory: what the next start would put into which segment.
#include <map>
#include <string>
#include <vector>

#include "cli/offline/findings.h"
#include "cli/offline/progress.h"
#include "cli/offline/source.h"

namespace weir::offline {

struct journals {
  std::vector<source_ptr> files;  // in order of generation
  log::journal_extents extents;
  // What is laid over `base`, the segment of this key.
  [[nodiscard]] source_ptr over(source_ptr base, const log::segment_key& key) const;
};

// Every journal file of the folder; `label` stands before their names in findings.
journals read_journals(const std::string& folder, const std::string& label, findings& to,
                       progress& p);

// One file: its records in order until `each` gives false, and what is wrong with it.
void walk_journal(const source_ptr& file, const std::string& label, findings& to, progress& p,
                  const std::function<bool(const log::journal_found&)>& each);

}  // namespace weir::offline
