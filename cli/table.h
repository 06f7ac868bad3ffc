// Aligned columns for people.
#pragma once

#include <string>
#include <vector>

namespace weir::cli {

enum class align { left, right };

class table {
 public:
  struct column {
    std::string title;
    align side = align::left;
  };

  explicit table(std::vector<column> columns) : columns_(std::move(columns)) {}

  // As many cells as there are columns; an empty cell prints as "-".
  void add(std::vector<std::string> cells);

  bool empty() const { return rows_.empty(); }

  // Title line and rows, two spaces between columns, none at the end of a line. `bold` puts the
  // title line into terminal bold.
  std::string text(bool bold = false) const;

 private:
  std::vector<column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace weir::cli
