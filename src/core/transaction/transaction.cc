#include "core/transaction/transaction.h"

#include <array>

namespace weir::transaction {
namespace {

constexpr std::array<std::string_view, transaction_state_count> names{
    "Empty",          "Ongoing",       "PrepareCommit", "PrepareAbort",
    "CompleteCommit", "CompleteAbort", "Dead",          "PrepareEpochFence"};

}  // namespace

std::string_view to_string(transaction_state state) {
  return names.at(static_cast<std::size_t>(state));
}

std::optional<transaction_state> parse_transaction_state(std::string_view name) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names.at(i) == name) return static_cast<transaction_state>(i);
  }
  return std::nullopt;
}

std::int64_t ms_between(timestamp from, timestamp to) {
  std::int64_t out = 0;
  if (!__builtin_sub_overflow(to.value(), from.value(), &out)) return out;
  return to > from ? std::numeric_limits<std::int64_t>::max()
                   : std::numeric_limits<std::int64_t>::min();
}

bool same_record(transaction a, const transaction& b) {
  a.last_epoch = b.last_epoch;
  return a == b;
}

}  // namespace weir::transaction
