// SIGINT and SIGTERM, as something that a loop can ask about.
#pragma once

namespace weir::cli {

// From here on the two signals no longer end the program at once: the first one makes `interrupted`
// true, the second one ends it.
void watch_signals();

bool interrupted();

// The number of the signal that came; 0 when none did.
int caught_signal();

}  // namespace weir::cli
