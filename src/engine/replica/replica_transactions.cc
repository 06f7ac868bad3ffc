// Transactions in one partition: who may begin one here, what ends them, up to where all is decided
// (docs/decisions/0015).
#include "core/base/check.h"
#include "core/record/batch_builder.h"
#include "engine/replica/replica.h"

namespace weir {

offset replica::last_stable_offset() const {
  // Meanwhile its producers are folded again; what is committed stays.
  if (cutting_) return std::min(std::max(stable_before_cut_, start_offset()), high_watermark_);
  const auto first = log_->producers().first_unstable();
  if (!first) return high_watermark_;
  // While the log is replaced by a state its start is ahead of what is known to be committed.
  return std::min(high_watermark_, std::max(start_offset(), *first));
}

std::expected<std::optional<verification>, replica_error> replica::begin_verification(
    const record::batch_header& batch, bool version2, timestamp now) {
  if (const auto may = may_place(); !may) return std::unexpected(may.error());
  if (log_->producers().in_transaction(batch.producer, batch.epoch)) return std::nullopt;
  verifications_.asked(batch.producer, batch.epoch, batch.base_sequence, now);
  return verification{.in = raft_.current_term(),
                      .after = log_->last_index(),
                      .epoch = batch.epoch,
                      .from_zero = version2};
}

// A leader's log only grows in its term: what is behind `after` came since. A client of version 2
// goes on as soon as its commit is decided, so that marker often comes while the next is asked for.
bool replica::holds(const std::optional<verification>& given, producer_id of) const {
  if (!given || given->in != raft_.current_term()) return false;
  return !log_->producers().marked_behind(
      of, given->after, given->from_zero ? std::optional(given->epoch) : std::nullopt);
}

std::expected<placed_batch, replica_error> replica::place_marker(
    const log::transaction_marker& marker, int version, timestamp now) {
  if (const auto may = may_place(); !may) return std::unexpected(may.error());
  if (const auto good = log_->producers().check(marker, version); !good)
    return std::unexpected(error_of(good.error()));
  if (!log_->takes_data()) return std::unexpected(replica_error::no_space);
  verifications_.ended(marker.producer);
  const auto body = record::make_marker(marker.kind, log_->next_offset(), leader_epoch(), now,
                                        marker.producer, marker.epoch, marker.coordinator_epoch);
  const auto header = record::read_batch_header(body);
  weir_check(header.has_value(), "{}: own marker does not decode", log_->name());
  return put({.kind = log::frame_kind::batch, .body = body, .batch = &*header, .now = now}, 1);
}

}  // namespace weir
