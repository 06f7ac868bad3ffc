#pragma once
// What a coordinator sees of the cluster's topics: the shell answers out of its copy of the
// catalog. Such facts are soft: no record rests on them but by what was decided from them.
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/uuid.h"

namespace weir::group {

struct known_topic {
  uuid id;
  std::int32_t partitions = 0;
};

class topic_view {
 public:
  virtual ~topic_view() = default;
  [[nodiscard]] virtual std::optional<known_topic> find(std::string_view name) const = 0;
  [[nodiscard]] virtual std::optional<std::string> name_of(const uuid& id) const = 0;
  // In the order of names.
  virtual void for_each(
      const std::function<void(std::string_view name, const known_topic&)>& tell) const = 0;
};

struct deleted_topic {
  std::string name;
  uuid id;
};

}  // namespace weir::group
