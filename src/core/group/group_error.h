#pragma once
// Why a request is not done, as its answer says it.
#include <expected>
#include <string>

#include "core/codec/error_code.h"

namespace weir::group {

struct group_error {
  kafka::error_code code = kafka::error_code::none;
  std::string message;
  bool operator==(const group_error&) const = default;
};

using group_result = std::expected<void, group_error>;

}  // namespace weir::group
