#pragma once
// What was read for a share group, as far as headers of batches tell.
#include <span>
#include <vector>

#include "core/base/fragments.h"
#include "core/log/aborted_transactions.h"
#include "core/share/deliveries.h"

namespace weir {

struct fetched_batches {
  struct piece {
    offset first;
    offset last;
    std::size_t at = 0;  // in the bytes
    std::size_t size = 0;
  };
  std::vector<piece> pieces;
  std::vector<offset> ends;                 // the last offset of each
  std::vector<share::offset_range> hidden;  // control batches, and those of aborted transactions
};

// Whole batches only: where the bytes make no sense any more, it ends.
fetched_batches look_at_batches(const fragments& bytes,
                                std::span<const log::aborted_transaction> aborted);
// The bytes from the first batch that has something of it to the last.
fragments cut_to(const fragments& bytes, const fetched_batches& batches,
                 std::span<const share::acquired_range> given);
// Ranges of about `size` records, each ending where a batch does.
std::vector<share::acquired_range> split_at_batches(std::span<const share::acquired_range> given,
                                                    std::span<const offset> ends,
                                                    std::int32_t size);

}  // namespace weir
