#pragma once
// The cluster's topics: as they are, and as each broker knows them.
#include <map>
#include <string>

#include "core/group/topics.h"

namespace weir::sim::replicated {

class topics final : public group::topic_view {
 public:
  std::map<std::string, group::known_topic, std::less<>> known;

  // As one that leads remembers them, to see whether they changed.
  using picture = std::map<std::string, std::pair<uuid, std::int32_t>>;
  [[nodiscard]] picture now() const {
    picture out;
    for (const auto& [name, t] : known) out.emplace(name, std::pair(t.id, t.partitions));
    return out;
  }
  [[nodiscard]] std::optional<group::known_topic> find(std::string_view name) const override {
    const auto at = known.find(name);
    return at == known.end() ? std::nullopt : std::optional(at->second);
  }
  [[nodiscard]] std::optional<std::string> name_of(const uuid& id) const override {
    for (const auto& [name, t] : known) {
      if (t.id == id) return name;
    }
    return std::nullopt;
  }
  void for_each(
      const std::function<void(std::string_view, const group::known_topic&)>& tell) const override {
    for (const auto& [name, t] : known) tell(name, t);
  }
};

}  // namespace weir::sim::replicated
