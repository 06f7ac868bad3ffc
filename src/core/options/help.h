#pragma once
// Help for people, from the declarations.
#include <string>

#include "core/options/descriptor.h"

namespace weir {

// The options part of `weir start --help`: grouped by the first word of the name, with defaults and
// units, folded to `width` columns.
std::string describe_help(std::size_t width = 100);
// One option in a few lines, for `weir help OPTION`.
std::string describe_option_help(const option_descriptor& option, std::size_t width = 100);

// "64KiB to 2GiB", "true or false", "one of a, b": what a value may be, in Weir's form.
std::string describe_allowed(const option_descriptor& option);

}  // namespace weir
