#pragma once
// The directory that holds everything this broker stores (docs/formats/data-directory.md): made,
// locked against a second process, and of a format that this version reads. Plain calls: before the
// reactor runs.
#include <expected>
#include <string>

#include "core/base/ids.h"

namespace weir::app {

class data_directory {
 public:
  // `node`: the number that this broker was started with, -1 where none was given. The error is one
  // line for the operator.
  static std::expected<data_directory, std::string> open(const std::string& path, node_id node);
  data_directory(data_directory&& other) noexcept;
  data_directory& operator=(data_directory&&) = delete;
  ~data_directory();

  [[nodiscard]] const std::string& path() const { return path_; }  // absolute
  // What was given, or what it was once started with; -1: neither.
  [[nodiscard]] node_id node() const { return node_; }

 private:
  data_directory(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}
  std::string path_;
  node_id node_{-1};
  int lock_;
};

}  // namespace weir::app
