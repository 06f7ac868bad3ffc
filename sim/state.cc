#include "sim/state.h"

#include "core/base/check.h"

namespace weir::sim {

log::sequence_range sequence_of(const batch_claim& claim) {
  return {.producer = producer_id(claim.producer),
          .epoch = claim.producer < 0 ? no_producer_epoch : producer_epoch(0),
          .first = claim.sequence,
          .record_count = claim.records};
}

void count_batch(log::producer_sequences& producers, const entry& e) {
  if (e.kind != log::frame_kind::batch) return;
  const auto claim = sequence_of(decode_batch(*e.body));
  if (claim.producer == no_producer_id) return;
  producers.apply(claim, {.first_sequence = claim.first,
                          .last_sequence = claim.last(),
                          .base_offset = e.head.first_offset,
                          .last_offset = e.head.first_offset + (e.head.offset_count - 1),
                          .index = e.head.index});
}

void applied_state::apply(const entry& e) {
  if (e.head.index <= last_.index) {
    throw violation(fmt::format("entry {} applied behind {}", e.head.index, last_.index));
  }
  whole_ = whole_ && e.head.index == last_.index + 1;
  last_ = {e.head.term, e.head.index};
  next_offset_ = e.head.first_offset + e.head.offset_count;
  chain_ = mix(chain_, e.hash);
  if (e.kind == log::frame_kind::command) {
    const auto write = decode_write(*e.body);
    if (write.deletes) {
      registers_.erase(write.key);
    } else {
      registers_[write.key] = write.value;
    }
  }
  count_batch(producers_, e);
}

void applied_state::take(const snapshot& from) {
  last_ = from.last;
  next_offset_ = from.next_offset;
  registers_ = from.registers;
  chain_ = from.chain;
  whole_ = from.whole;
  auto read = log::producer_sequences::decode(from.producers);
  weir_check(read.has_value(), "the snapshot at {} does not decode", from.last.index);
  producers_ = std::move(read->producers);
}

snapshot_ptr applied_state::to_snapshot(raft::configuration members) const {
  return std::make_shared<const snapshot>(snapshot{.last = last_,
                                                   .members = std::move(members),
                                                   .next_offset = next_offset_,
                                                   .registers = registers_,
                                                   .producers = producers_.encode(last_.index),
                                                   .chain = chain_,
                                                   .whole = whole_});
}

std::uint64_t applied_state::read(std::uint32_t key) const {
  const auto found = registers_.find(key);
  return found == registers_.end() ? 0 : found->second;
}

}  // namespace weir::sim
