// What the commands that talk to an admin interface have in common.
#pragma once

#include <string>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace weir::cli {

void add_admin_option(CLI::App& to, std::string& addresses);
// From 0 on.
CLI::Option& add_number(CLI::App& to, const char* name, int& number, const char* what);
void add_broker_id(CLI::App& to, int& id);

}  // namespace weir::cli
