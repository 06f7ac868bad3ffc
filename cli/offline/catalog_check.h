#pragma once
// The catalog as it stands in its log: what topics there should be.
#include <map>
#include <string>

#include "cli/offline/partition_check.h"
#include "core/catalog/kept_state.h"
#include "core/catalog/state.h"

namespace weir::offline {

struct catalog_found {
  catalog::state state;
  bool whole = false;  // every command was there and could be read
};

// The file that stands for the log's front.
struct kept_state {
  catalog::kept_place at;
  catalog::state state;
};
std::expected<kept_state, catalog::snapshot_error> decode_kept_state(std::string_view content);

// Checks the log in `data_directory`/catalog and applies its commands.
catalog_found check_catalog(const std::string& data_directory, const journals& journal, progress& p,
                            findings& to);

// One line: "topic created: orders, id …, 3 partitions, retention.ms=1000".
std::string in_words(const catalog::command& c);
std::string describe(const fragments& encoded);  // the same, or why it can't be read

}  // namespace weir::offline
