#pragma once
// weir_check: our own invariants, on in every build. Never on bytes from a client, a peer or a
// disk: those get an error.
#include <fmt/format.h>

#include <source_location>
#include <string>
#include <string_view>

namespace weir {

// Prints one line with the place, the condition and the facts, then ends the process with a core
// dump.
[[noreturn]] void check_failed(std::source_location where, std::string_view condition,
                               std::string_view message);

// Called before the process ends, with the line; may throw instead of returning. For the simulator,
// which names the seed and goes on with the next one. Set while nothing else runs.
using check_listener = void (*)(const std::string& line);
void listen_to_checks(check_listener listener);

}  // namespace weir

// weir_check(condition, "format {}", facts…)
#define weir_check(condition, ...)                                      \
  do {                                                                  \
    if (!(condition)) [[unlikely]]                                      \
      ::weir::check_failed(std::source_location::current(), #condition, \
                           ::fmt::format(__VA_ARGS__));                 \
  } while (false)

// weir_try(expression): the value of an std::expected, or return its error from the enclosing
// function.
#define weir_try(...)                                         \
  ({                                                          \
    auto weir_tried_ = (__VA_ARGS__);                         \
    if (!weir_tried_) [[unlikely]]                            \
      return std::unexpected(std::move(weir_tried_).error()); \
    *std::move(weir_tried_);                                  \
  })
// weir_try_void: the same where there is no value.
#define weir_try_void(...)                                    \
  do {                                                        \
    auto weir_tried_ = (__VA_ARGS__);                         \
    if (!weir_tried_) [[unlikely]]                            \
      return std::unexpected(std::move(weir_tried_).error()); \
  } while (false)
