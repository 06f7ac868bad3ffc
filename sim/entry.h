#pragma once
// Entries as the simulated nodes hold them: what consensus knows of one, and its bytes.
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

#include "core/log/frame.h"
#include "core/raft/configuration.h"

namespace weir::sim {

// Something that must never be was seen.
struct violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct entry {
  raft::entry_head head;
  log::frame_kind kind = log::frame_kind::term_start;
  std::shared_ptr<const std::string> body;  // never nothing
  std::uint64_t hash = 0;                   // of all of it
};

// Takes term, index and first offset from `head`; sets its kind, size and the hash.
entry make_entry(raft::entry_head head, log::frame_kind kind, std::string body);

// What a producer sends: a record batch with nothing but its header and a tag in it.
struct batch_claim {
  std::int64_t producer = -1;  // -1: not idempotent
  std::int32_t sequence = 0;
  std::uint32_t records = 1;
  std::uint64_t tag = 0;  // of this batch alone
};
std::string encode_batch(const batch_claim& claim, weir::term term, offset base);
batch_claim decode_batch(const std::string& body);

// What a register client sends.
struct register_write {
  std::uint32_t key = 0;
  std::uint64_t value = 0;  // of this write alone
  bool deletes = false;     // there is no such key after it
};
// From here on keys are written and deleted, and not read by clients.
inline constexpr std::uint32_t first_deletable = 1000;
std::string encode_write(const register_write& write);
register_write decode_write(const std::string& body);

}  // namespace weir::sim
