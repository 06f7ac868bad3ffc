#pragma once
// What a coordinator's step gives its shell: records to store and answers to send
// (docs/decisions/0014-coordinators.md).
//
// Rules for the shell:
// - Ask first whether the log would take a batch: what a step emitted is applied already.
// - `batches` are placed in the log, in order, each whole, in the task of the step.
// - `answers` leave once everything placed so far is committed, whatever step it came from. If it
//   never will be (leadership is lost), the coordinator is dropped and all who wait are told so.
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/fragments.h"
#include "core/base/ids.h"

namespace weir::group {

// Names the request that an answer is for. The shell makes them; each is answered once at most.
using ticket = std::uint64_t;

// Time as the shell has it. `steady` never goes back: timeouts count in it. `wall` is stored.
struct moment {
  std::int64_t steady_ms = 0;
  timestamp wall{0};
};

// A record of the coordinator's topic: key and value as decl/coordinator lays them out, version
// first. No value: a tombstone, the key is gone.
struct coordinator_record {
  fragments key;
  std::optional<fragments> value;
};

// The producer for whose open transaction records are stored (KIP-447); they count when its marker
// says commit.
struct transaction_of {
  producer_id producer = no_producer_id;
  producer_epoch epoch = no_producer_epoch;
};

struct coordinator_batch {
  std::vector<coordinator_record> records;
  std::optional<transaction_of> transaction;
};

template <typename Answer>
struct emitted {
  std::vector<coordinator_batch> batches;
  std::vector<std::pair<ticket, Answer>> answers;
};

}  // namespace weir::group
