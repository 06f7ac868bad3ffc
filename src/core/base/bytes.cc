#include "core/base/bytes.h"

#include <memory>

namespace weir {
namespace {

struct string_owner final : bytes_owner {
  explicit string_owner(std::string v) : value(std::move(v)) {}
  std::string value;
};

}  // namespace

bytes bytes::copy(std::string_view view) {
  return from(std::string(view));
}

bytes bytes::from(std::string value) {
  if (value.empty()) return {};
  auto* owner = new string_owner(std::move(value));
  return adopt(owner->value, owner);
}

}  // namespace weir
