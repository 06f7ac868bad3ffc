#pragma once
// What a topic may be called, with Kafka's words for what is wrong.
#include <optional>
#include <string>
#include <string_view>

namespace weir::edge {

inline constexpr std::size_t topic_name_max = 249;

// Nothing if the name is good.
std::optional<std::string> topic_name_fault(std::string_view name);
// Names that differ only in '.' and '_' would be the same name in metrics.
bool topic_names_collide(std::string_view a, std::string_view b);

}  // namespace weir::edge
