#include "core/base/chunked_vector.h"

#include "core/base/check.h"

namespace weir {

void chunked_vector_overflow(std::size_t count) {
  check_failed(std::source_location::current(), "count < size_max",
               fmt::format("a vector of {}", count));
}

}  // namespace weir
