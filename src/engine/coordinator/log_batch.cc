#include "engine/coordinator/log_batch.h"

#include "core/base/check.h"
#include "core/record/batch_builder.h"

namespace weir {
namespace {

record::validated_batch validated(fragments all) {
  const auto header = record::read_batch_header(all);
  weir_check(header.has_value(), "a batch made here has no header: {} bytes", all.size());
  record::validated_batch out;
  out.header = *header;
  out.record_count = header->record_count;
  out.max_timestamp = header->max_timestamp;
  out.max_timestamp_delta = 0;
  out.size = all.size();
  out.all = std::move(all);
  return out;
}

}  // namespace

record::validated_batch log_batch(const group::coordinator_batch& emitted, timestamp now) {
  record::batch_plan plan;
  if (emitted.transaction) {
    plan.producer = emitted.transaction->producer;
    plan.epoch = emitted.transaction->epoch;
    plan.transactional = true;
  }
  record::batch_builder builder(plan);
  for (const auto& r : emitted.records) {
    const auto key = r.key.contiguous(0, r.key.size());
    const auto value =
        r.value ? std::optional(r.value->contiguous(0, r.value->size())) : std::nullopt;
    builder.add({.time = now,
                 .key = key.view(),
                 .value = value ? std::optional(value->view()) : std::nullopt,
                 .headers = {}});
  }
  return validated(builder.finish());
}

}  // namespace weir
