// How a command ends early.
#pragma once

#include <stdexcept>
#include <string>

namespace weir::cli {

constexpr int exit_failed = 1;
constexpr int exit_usage = 2;

// Thrown anywhere in a command, caught once in main: one line for people, and the exit code.
class failure : public std::runtime_error {
 public:
  explicit failure(const std::string& line, int exit_code = exit_failed)
      : std::runtime_error(line), exit_code_(exit_code) {}
  int exit_code() const { return exit_code_; }

 private:
  int exit_code_;
};

}  // namespace weir::cli
