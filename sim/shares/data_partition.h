#pragma once
// One partition that share groups read: batches of so many records, of which nobody reads what they
// say. Offsets are counted over the log; terms' first entries have none.
#include <optional>
#include <set>
#include <vector>

#include "core/base/partition_key.h"
#include "core/share/deliveries.h"
#include "sim/shares/surroundings.h"

namespace weir::sim::shares {

class data_partition {
 public:
  struct piece {
    offset first;
    offset last;
    bool hidden = false;
  };

  data_partition(surroundings& around, replicated_log& log, partition_key key, broker count);

  [[nodiscard]] const partition_key& key() const { return key_; }
  replicated_log& log() { return log_; }
  [[nodiscard]] bool serves(broker b) const { return log_.serves(b); }
  [[nodiscard]] std::int32_t term(broker b) const { return log_.term(b); }
  [[nodiscard]] offset high_watermark(broker b) const;
  [[nodiscard]] offset log_start(broker b) const { return starts_[b]; }
  // Whole batches from the one that has it on. Nothing: it is before the log's start.
  [[nodiscard]] std::optional<std::vector<piece>> read(broker b, offset from,
                                                       std::size_t batches_max) const;

  // Whoever thinks that he leads takes a batch.
  void produce();
  // Records go; each copy follows in its own time.
  void delete_some();
  void compact_one();

 private:
  [[nodiscard]] std::vector<std::pair<std::size_t, piece>> batches(broker b) const;
  void follow_deletion(broker b, offset before);

  surroundings& around_;
  replicated_log& log_;
  partition_key key_;
  std::vector<offset> starts_;               // of the log, by broker
  std::vector<std::set<std::size_t>> gone_;  // entries that compaction took, by broker
};

}  // namespace weir::sim::shares
