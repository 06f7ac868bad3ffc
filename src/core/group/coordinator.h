#pragma once
// The group coordinator of one partition of `__consumer_offsets`: the members and assignments of
// the groups whose ids fall into that partition, and the offsets that they committed. Pure, as
// docs/decisions/0014-coordinators.md has it. What Kafka 4.3's coordinator does, this one does: the
// same answers in the same states.
//
// Entry points: apply and apply_marker (each record of the log, in order), then loaded; step (a
// client), tick (time).
//
// Invariants: what a crash must not lose changes in apply only, which replay uses too. A generation
// of a classic group has one assignment. Every ticket is answered once, at the latest by unload.
#include <cstddef>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/codec/codec_error.h"
#include "core/group/defects.h"
#include "core/group/emitted.h"
#include "core/group/internal_topics_wanted.h"
#include "core/group/request.h"
#include "core/group/settings.h"
#include "core/group/share_initialization.h"
#include "core/group/topics.h"

namespace weir::group {

// Of metrics.
struct group_figures {
  std::map<std::string_view, std::size_t> classic_by_state;  // by the state's name
  std::map<std::string_view, std::size_t> consumer_by_state;
  std::size_t offsets = 0;
  std::size_t pending_offsets = 0;  // of transactions that have not ended
  std::size_t memory_bytes = 0;     // roughly
};

struct committed_offset_view {
  std::string_view group;
  std::string_view topic;
  uuid topic_id;  // zero: not known when it was committed
  std::int32_t partition = 0;
  offset at;
  timestamp committed;
};

// A partition that a share group has, and the share coordinators know of.
struct share_partition_view {
  std::string_view group;
  std::string_view topic;
  partition_key key;
};

class coordinator {
 public:
  // `topics` outlives the coordinator.
  coordinator(const group_settings& settings, const topic_view& topics, const defects& broken = {});
  ~coordinator();
  coordinator(const coordinator&) = delete;
  coordinator& operator=(const coordinator&) = delete;

  // A record of the log, version first in both parts; `transaction` of its batch, if it has one. A
  // key of an unknown type is skipped (KIP-915). An error: a record that a newer Weir or Kafka
  // wrote, or damage; whoever goes on without it forgets something, so the coordinator must not
  // serve.
  std::expected<void, kafka::codec_error> apply(const fragments& key,
                                                const std::optional<fragments>& value,
                                                const std::optional<transaction_of>& transaction);
  // A marker of the log, in its place among the records; once loaded, of one that was placed just
  // now: answers of later steps wait for it as for any batch.
  void apply_marker(producer_id producer, bool commit);
  // The log was read to its end: members get their whole session timeouts.
  emitted<answer> loaded(moment now);
  [[nodiscard]] bool is_loaded() const;

  // Before loaded() it answers COORDINATOR_LOAD_IN_PROGRESS.
  emitted<answer> step(const request& r, const request_context& context);
  // Ends what is too late. Nothing happens before next_deadline.
  emitted<answer> tick(moment now);
  // Steady time of the next tick that may do something; nothing: none is due.
  [[nodiscard]] std::optional<std::int64_t> next_deadline() const;
  // Topics are gone, and with them the offsets of their partitions.
  emitted<answer> topics_deleted(std::span<const deleted_topic> topics, moment now);
  // What steps and ticks since the last call want the share coordinators to be asked for, once all
  // that was placed so far is committed; and that they did it.
  std::vector<share_initialization> take_share_initializations();
  emitted<answer> share_initialized(const text& group_id, const topic_partitions& partitions,
                                    moment now);
  emitted<answer> share_forgotten(const text& group_id, std::span<const uuid> topics, moment now);
  // What steps since the last call want made for streams groups, once all that was placed so far is
  // committed; and what became of it: why those failed that did, by name.
  std::vector<internal_topics_wanted> take_internal_topics();
  void internal_topics_made(const text& group_id, std::map<text, std::string> failures);
  // Something that `topics` tells has changed.
  emitted<answer> topics_changed(moment now);
  // Answers everyone who waits; nothing but destruction may follow.
  emitted<answer> unload(kafka::error_code why);

  void configure(const group_settings& settings);

  [[nodiscard]] group_figures figures() const;
  void for_each_offset(const std::function<void(const committed_offset_view&)>& tell) const;
  void for_each_share_partition(const std::function<void(const share_partition_view&)>& tell) const;
  // Whether both hold the same of what a crash must not lose. For tests.
  [[nodiscard]] bool same_stored(const coordinator& other) const;

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace weir::group
