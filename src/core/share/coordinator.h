#pragma once
// The share coordinator of one partition of `__share_group_state`: keeps for share groups how far
// they have come, for whoever leads the partitions that they read (KIP-932). Pure, as
// docs/decisions/0014-coordinators.md has it; it has no timers.
//
// Entry points: apply (each record of the log, in order), loaded, step, topics_deleted.
//
// Invariants: what an older leader, or one of an older run of the group, says is refused, and what
// one says who has not read the state; what was told to who reads is committed; the state
// is what the log says, also after compaction: an update holds everything since its snapshot, and
// one that is not of the snapshot before it does not count.
//
// Not here, but at the edge: who may, and splitting requests by coordinators.
#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "core/codec/codec_error.h"
#include "core/codec/delete_share_group_state.h"
#include "core/codec/initialize_share_group_state.h"
#include "core/codec/read_share_group_state.h"
#include "core/codec/read_share_group_state_summary.h"
#include "core/codec/write_share_group_state.h"
#include "core/group/emitted.h"
#include "core/share/defects.h"
#include "core/share/record.h"
#include "core/share/share_state.h"

namespace weir::share {

using request =
    std::variant<kafka::initialize_share_group_state_request, kafka::read_share_group_state_request,
                 kafka::write_share_group_state_request, kafka::delete_share_group_state_request,
                 kafka::read_share_group_state_summary_request>;
using answer =
    std::variant<kafka::initialize_share_group_state_response,
                 kafka::read_share_group_state_response, kafka::write_share_group_state_response,
                 kafka::delete_share_group_state_response,
                 kafka::read_share_group_state_summary_response>;
using effects = group::emitted<answer>;

struct request_context {
  group::ticket ticket = 0;
  group::moment now{};
  // Whether the cluster has this partition.
  std::function<bool(const uuid& topic, std::int32_t partition)> exists;
};

struct share_settings {
  // share.coordinator.snapshot.update.records.per.snapshot
  std::uint32_t updates_per_snapshot = 500;
};

class share_coordinator {
 public:
  explicit share_coordinator(const share_settings& settings, const defects& broken = {})
      : settings_(settings), broken_(broken) {}

  // A record of the log. Keys of other kinds are none of ours; an error means that the coordinator
  // must not serve.
  std::expected<void, kafka::codec_error> apply(const fragments& key,
                                                const std::optional<fragments>& value);
  void loaded() { loaded_ = true; }
  // Before loaded() it answers COORDINATOR_LOAD_IN_PROGRESS.
  effects step(const request& r, const request_context& context);
  // Nobody will ask about their partitions again.
  effects topics_deleted(std::span<const uuid> topics);

  void configure(const share_settings& settings) { settings_ = settings; }
  [[nodiscard]] std::size_t size() const { return partitions_.size(); }
  [[nodiscard]] const share_state* find(const share_partition& p) const;
  [[nodiscard]] std::vector<std::pair<share_partition, share_state>> all() const;

 private:
  struct entry {
    share_state is;
    std::uint32_t updates = 0;  // since the snapshot, as far as this leader knows
  };

  // The one place where what is stored changes. None: gone.
  void become(const share_partition& p, std::optional<share_state> snapshot);
  void become(const share_partition& p, const share_update& update);
  void emit_snapshot(const share_partition& p, share_state state, effects& out);
  void emit_update(const share_partition& p, share_update update, const request_context& c,
                   effects& out);
  void emit_gone(const share_partition& p, effects& out);

  void on(const kafka::initialize_share_group_state_request& r, const request_context& c,
          effects& out);
  void on(const kafka::read_share_group_state_request& r, const request_context& c, effects& out);
  void on(const kafka::write_share_group_state_request& r, const request_context& c, effects& out);
  void on(const kafka::delete_share_group_state_request& r, const request_context& c, effects& out);
  void on(const kafka::read_share_group_state_summary_request& r, const request_context& c,
          effects& out);
  // What all of them refuse.
  [[nodiscard]] kafka::error_code check(const share_partition& p) const;

  share_settings settings_;
  [[no_unique_address]] defects broken_;
  bool loaded_ = false;
  std::map<share_partition, entry> partitions_;
};

}  // namespace weir::share
