#include "engine/coordinator/share_states.h"

#include <fmt/format.h>

#include <set>

namespace weir {

share_state_kind::share_state_kind(share_states_of_shard& all) : all_(all) {
  all_.of().topics().add(*this);
}

share_state_kind::~share_state_kind() {
  all_.of().topics().remove(*this);
}

std::unique_ptr<share::share_coordinator> share_state_kind::make(std::int32_t) {
  return std::make_unique<core>(settings());
}

share::share_settings share_state_kind::settings() const {
  return {.updates_per_snapshot =
              static_cast<std::uint32_t>(all_.of().options().share_states_updates_per_snapshot)};
}

void share_state_kind::catalog_changed() {
  const auto wanted = settings();
  for (const auto& [key, s] : all_.all()) {
    (void)s->act([&](core& c, group::moment) {
      c.configure(wanted);
      return effects();
    });
  }
}

bool share_state_kind::replay(core& c, const record::batch_header&, const record::record& stored) {
  return !stored.key || c.apply(fragments(*stored.key), stored.value).has_value();
}

share_state_kind::effects share_state_kind::step(core& c, const request& r, group::ticket t,
                                                 group::moment now) {
  return c.step(r, {.ticket = t, .now = now, .exists = [this](const uuid& id, std::int32_t p) {
                      const auto* topic = all_.of().catalog().find(id);
                      return topic && p >= 0 && std::cmp_less(p, topic->partitions.size());
                    }});
}

share_state_kind::effects share_state_kind::loaded(core& c, group::moment) {
  c.loaded();
  std::set<uuid> gone;
  for (const auto& [p, state] : c.all()) {
    if (!all_.of().catalog().find(p.topic)) gone.insert(p.topic);
  }
  const std::vector<uuid> topics(gone.begin(), gone.end());
  return c.topics_deleted(topics);
}

void share_state_kind::topic_deleted(const std::string&, const uuid& id) {
  for (const auto& [key, s] : all_.all()) {
    (void)s->act([&](core& c, group::moment) { return c.topics_deleted({&id, 1}); });
  }
}

std::string share_state_name(std::string_view group, const uuid& topic, std::int32_t partition) {
  return fmt::format("{}:{}:{}", group, topic, partition);
}

}  // namespace weir
