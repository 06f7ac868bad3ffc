#include "cli/all_groups.h"

#include <algorithm>
#include <iostream>

namespace weir::cli {

std::vector<group_entry> all_groups::list() {
  // What hinders one kind hinders the other.
  if (!shared.hindrance().empty())
    std::cerr << "weir: share and streams groups are not shown: " << shared.hindrance() << '\n';
  auto out = list_groups(asking);
  std::ranges::move(shared.list(), std::back_inserter(out));
  std::ranges::move(streams.list(), std::back_inserter(out));
  std::ranges::sort(out, {}, &group_entry::name);
  return out;
}

std::vector<group_state> all_groups::describe(const std::vector<std::string>& names) {
  auto known = shared.describe(names);
  const auto unknown = [&] {
    std::vector<std::string> out;
    std::ranges::copy_if(names, std::back_inserter(out),
                         [&](const auto& name) { return !known.contains(name); });
    return out;
  };
  known.merge(streams.describe(unknown()));
  for (auto& g : describe_groups(asking, unknown())) known.emplace(g.name, std::move(g));
  std::vector<group_state> out;
  out.reserve(names.size());
  for (const auto& name : names) out.push_back(known.at(name));
  return out;
}

}  // namespace weir::cli
