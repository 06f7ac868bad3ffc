#pragma once
// How far share groups have come: core/share over the partitions of __share_group_state (KIP-932).
#include "core/share/coordinator.h"
#include "engine/cluster/topic_news.h"
#include "engine/coordinator/coordinators.h"

namespace weir {

class share_state_kind final : private topic_listener {
 public:
  using core = share::share_coordinator;
  using request = share::request;
  using answer = share::answer;
  using effects = share::effects;

  explicit share_state_kind(coordinators<share_state_kind>& all);
  ~share_state_kind() override;
  share_state_kind(const share_state_kind&) = delete;

  std::unique_ptr<core> make(std::int32_t epoch);
  static bool replay(core& c, const record::batch_header& batch, const record::record& stored);
  static void replay_marker(core&, const record::batch_header&, record::marker_seen) {}
  static std::optional<step_in_transaction> transaction_of(const request&) { return std::nullopt; }
  static seastar::future<> prepare(const core&, const request&) {
    return seastar::make_ready_future<>();
  }
  effects step(core& c, const request& r, group::ticket t, group::moment now);
  // Topics may have been deleted while nobody led.
  effects loaded(core& c, group::moment now);
  static effects tick(core&, group::moment) { return {}; }
  static std::optional<std::int64_t> next_deadline(const core&) { return std::nullopt; }
  static void released(std::int32_t, effects) {}

 private:
  void topic_deleted(const std::string& name, const uuid& id) override;
  void catalog_changed() override;
  [[nodiscard]] share::share_settings settings() const;

  coordinators<share_state_kind>& all_;
};

using share_states_of_shard = coordinators<share_state_kind>;

// By which the coordinator of a group's progress in one partition is found.
std::string share_state_name(std::string_view group, const uuid& topic, std::int32_t partition);

}  // namespace weir
