#pragma once
// What an oracle says when something can't be.
#include <fmt/format.h>

#include <stdexcept>
#include <utility>

namespace weir::sim::replicated {

class violation : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

template <typename... Args>
void require(bool holds, fmt::format_string<Args...> what, Args&&... args) {
  if (!holds) throw violation(fmt::format(what, std::forward<Args>(args)...));
}

}  // namespace weir::sim::replicated
