#pragma once
// Where the offline tools read from: a file by plain pread, memory, or a segment with what the
// journal holds of it laid over, which is what the next start of the broker would see. Nothing here
// writes.
#include <cstdint>
#include <expected>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "core/log/journal_scan.h"

namespace weir::offline {

// The device or the system refused a read: what was there is unknown.
struct read_failed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class byte_source {
 public:
  byte_source() = default;
  byte_source(const byte_source&) = delete;
  byte_source& operator=(const byte_source&) = delete;
  virtual ~byte_source() = default;
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  // Up to `most` bytes from `at` on; fewer only at the end. Throws read_failed. Any thread.
  [[nodiscard]] virtual std::string read(std::uint64_t at, std::size_t most) const = 0;
};

using source_ptr = std::shared_ptr<const byte_source>;

// Throws read_failed, also for what is no regular file.
source_ptr open_source(const std::string& path);
source_ptr memory_source(std::string content);
// `base` with the extents over it, in their order; `journals` are what their `source` counts.
source_ptr overlay(source_ptr base, std::vector<log::journal_extent> extents,
                   std::vector<source_ptr> journals);

// A small file begins with its content's size (docs/formats/data-directory.md): the content, as
// the broker reads it. The error is a sentence. At most `small_file_max` bytes are read.
inline constexpr std::uint64_t small_file_max = 64 << 20;
std::expected<std::string, std::string> small_content(const byte_source& from);

}  // namespace weir::offline
