#pragma once
// What the process was started with: flags and a file, checked before anything starts.
#include <expected>
#include <string>
#include <vector>

#include "core/options/layer.h"

namespace weir::app {

struct start_plan {
  option_layer options;  // what flags and file set
  bool dev = false;      // say what to try next
};

// The process ends with this: text to stdout for code 0, to stderr otherwise.
struct early_exit {
  int code = 0;
  std::string text;
};

// `arguments` begin after the program's name: "start", "--dev", …
std::expected<start_plan, early_exit> parse_command_line(std::vector<std::string> arguments);

}  // namespace weir::app
