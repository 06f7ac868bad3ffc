#pragma once
// Consumer groups and committed offsets: core/group over the partitions of __consumer_offsets.
#include "core/group/coordinator.h"
#include "engine/cluster/topic_news.h"
#include "engine/coordinator/coordinators.h"
#include "engine/coordinator/share_persister.h"

namespace weir {

// A request for one group coordinator, with what only its connection knows.
struct group_request {
  group::request is;
  std::int16_t api_version = 0;
  text client_id;
  text client_host;
  uuid fresh;                                 // random
  std::optional<verification> verified = {};  // of what is committed in a transaction
};

// With what a step wants the share coordinators to be asked for, and topics that it wants made.
struct group_effects : group::emitted<group::answer> {
  group_effects() = default;
  group_effects(group::emitted<group::answer> out, group::coordinator& of)
      : emitted(std::move(out)),
        share_work(of.take_share_initializations()),
        topics(of.take_internal_topics()) {}
  std::vector<group::share_initialization> share_work;
  std::vector<group::internal_topics_wanted> topics;
};

class group_kind final : public group::topic_view, private topic_listener {
 public:
  using core = group::coordinator;
  using request = group_request;
  using answer = group::answer;
  using effects = group_effects;
  using shells = absl::flat_hash_map<partition_key, std::unique_ptr<coordinator_shell<group_kind>>>;

  // `persister`: of this shard.
  group_kind(coordinators<group_kind>& all, share_persister& persister);
  ~group_kind() override;
  group_kind(const group_kind&) = delete;

  std::unique_ptr<core> make(std::int32_t epoch);
  static bool replay(core& c, const record::batch_header& batch, const record::record& stored);
  static void replay_marker(core& c, const record::batch_header& batch, record::marker_seen seen);
  static std::optional<step_in_transaction> transaction_of(const request& r);
  static seastar::future<> prepare(const core&, const request&) {
    return seastar::make_ready_future<>();
  }
  static effects step(core& c, request r, group::ticket t, group::moment now);
  static effects loaded(core& c, group::moment now) { return {c.loaded(now), c}; }
  static effects tick(core& c, group::moment now) { return {c.tick(now), c}; }
  static std::optional<std::int64_t> next_deadline(const core& c) { return c.next_deadline(); }
  void released(std::int32_t partition, effects out);
  seastar::future<> stop() { return fibers_.stop(); }

  // group::topic_view
  [[nodiscard]] std::optional<group::known_topic> find(std::string_view name) const override;
  [[nodiscard]] std::optional<std::string> name_of(const uuid& id) const override;
  void for_each(
      const std::function<void(std::string_view, const group::known_topic&)>& tell) const override;

 private:
  void topic_deleted(const std::string& name, const uuid& id) override;
  void catalog_changed() override;
  [[nodiscard]] group::group_settings settings() const;
  seastar::future<> carry_out(std::int32_t partition, group::share_initialization what);
  seastar::future<> make_topics(std::int32_t partition, group::internal_topics_wanted what);
  seastar::future<> initialize(std::int32_t partition, const group::share_initialization& what);
  seastar::future<> forget(std::int32_t partition, const group::share_initialization& what);

  coordinators<group_kind>& all_;
  share_persister& persister_;
  fibers fibers_{"groups"};
};

using groups_of_shard = coordinators<group_kind>;

}  // namespace weir
