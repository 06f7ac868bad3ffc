// What the commands that talk to an admin interface have in common.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace weir::cli {

void add_admin_option(CLI::App& to, std::string& addresses);
void add_broker_id(CLI::App& to, int& id);

}  // namespace weir::cli
