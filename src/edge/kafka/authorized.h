#pragma once
// Bit sets of operations (KIP-430) that everybody may do: there are no ACLs yet, and Kafka without
// an authorizer answers the same.
#include <cstdint>

namespace weir::edge {

enum class operation : std::uint8_t {
  read = 3,
  write = 4,
  create = 5,
  remove = 6,
  alter = 7,
  describe = 8,
  cluster_action = 9,
  describe_configs = 10,
  alter_configs = 11,
  idempotent_write = 12,
};

template <typename... Operation>
constexpr std::int32_t operations(Operation... all) {
  return ((1 << static_cast<int>(all)) | ...);
}

inline constexpr std::int32_t topic_operations = operations(
    operation::read, operation::write, operation::create, operation::remove, operation::alter,
    operation::describe, operation::describe_configs, operation::alter_configs);
inline constexpr std::int32_t group_operations =
    operations(operation::read, operation::remove, operation::describe, operation::describe_configs,
               operation::alter_configs);
inline constexpr std::int32_t cluster_operations =
    operations(operation::create, operation::alter, operation::describe, operation::cluster_action,
               operation::describe_configs, operation::alter_configs, operation::idempotent_write);

}  // namespace weir::edge
