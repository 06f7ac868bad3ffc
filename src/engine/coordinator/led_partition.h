#pragma once
// One partition of a coordinators' topic on this shard: follows its leadership, reads its log from
// the start when it is led here, and puts in it what the decider emits
// (docs/decisions/0014-coordinators.md).
//
// Invariants: nobody else writes to the partition while it is led here, so what was replayed and
// placed is all that is in its log; a decider is told end() before anything of a later term; one
// whose emissions did not all get into the log is never asked again.
#include <seastar/core/condition-variable.hh>
#include <seastar/core/gate.hh>

#include <expected>
#include <functional>
#include <optional>

#include "core/base/partition_key.h"
#include "core/group/emitted.h"
#include "engine/coordinator/coordinator_error.h"
#include "engine/coordinator/decider.h"
#include "engine/replica/replica.h"

namespace weir {

class led_partition {
 public:
  // `there`: whether the replica is still in use (it is closed once this says no).
  led_partition(replica& of, decider& to, std::function<bool()> there);

  // Until the replica is closed or stop() is called.
  seastar::future<> follow();
  void stop();

  // Whether a step may be made now, in this task.
  [[nodiscard]] std::expected<void, coordinator_error> ready() const;
  // Resolves when the log is not far behind.
  seastar::future<> room() { return of_.wait_room(); }
  // Where the log ends after it. An error: the term is lost; end() follows, and a decider whose
  // emissions these were is not asked again.
  std::expected<offset, coordinator_error> place(const record::validated_batch& batch,
                                                 timestamp now,
                                                 const std::optional<verification>& verified = {});
  // Whether a step may be made that stores something in this producer's transaction.
  [[nodiscard]] std::expected<void, coordinator_error> ready_for(
      const group::transaction_of& whose, const std::optional<verification>& verified) const;
  // What such a step will need: nothing where its coordinator need not be asked.
  std::expected<std::optional<verification>, coordinator_error> begin_verification(
      const group::transaction_of& whose, bool version2, timestamp now);
  // Ends a producer's transaction. Where the log ends after it.
  std::expected<offset, replica_error> place_marker(const log::transaction_marker& marker,
                                                    int version, timestamp now);
  // The decider is not to be trusted any more: it is told end(), and begins again from the log.
  void distrust();
  // All below is committed in this term.
  [[nodiscard]] offset committed() const { return of_.high_watermark(); }
  [[nodiscard]] std::int32_t epoch() const { return epoch_; }
  [[nodiscard]] const std::string& name() const { return of_.name(); }
  [[nodiscard]] bool loading() const { return phase_ == phase::loading; }
  [[nodiscard]] bool leads() const { return phase_ == phase::deciding; }

 private:
  enum class phase : std::uint8_t { following, loading, deciding };

  // The epoch in which this broker leads and serves the partition, if it does.
  [[nodiscard]] std::optional<std::int32_t> led_epoch() const;
  [[nodiscard]] bool same_term() const { return !lost_ && led_epoch() == epoch_; }
  [[nodiscard]] bool over() const { return stopped_ || !there_(); }
  seastar::future<bool> load();
  // Reads what is at `at`; the offset behind it. Nothing: the term is over, or the log is damaged.
  seastar::future<std::optional<offset>> load_some(offset at);
  seastar::future<bool> replay(fragments batches, offset from);
  bool complain(offset at, std::string_view what) const;
  void moved();

  replica& of_;
  decider& decider_;
  std::function<bool()> there_;
  seastar::gate::holder use_;
  phase phase_ = phase::following;
  bool lost_ = false;
  bool stopped_ = false;
  std::int32_t epoch_ = -1;
  seastar::condition_variable changed_;
  std::function<void()> on_news_;
  event_listener news_;
  std::function<void()> on_group_news_;
  event_listener group_news_;
};

}  // namespace weir
