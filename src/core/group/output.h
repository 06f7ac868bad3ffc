#pragma once
// Gathers what one step gives. Whoever puts a record here applies it to his own state in the same
// breath.
#include <cstddef>
#include <optional>
#include <utility>

#include "core/codec/prefixed.h"
#include "core/group/emitted.h"
#include "core/group/request.h"

namespace weir::group {

class output {
 public:
  // Batches stay below `batch_bytes_max`, but for a record that is larger alone.
  explicit output(std::size_t batch_bytes_max) : batch_bytes_max_(batch_bytes_max) {}

  void answer_to(ticket of, answer with) { out_.answers.emplace_back(of, std::move(with)); }

  template <typename Key, typename Value>
  void put(const Key& key, const Value& value, std::int16_t version,
           const std::optional<transaction_of>& transaction = {}) {
    put_record({kafka::encode_prefixed(key), kafka::encode_prefixed(value, version)}, transaction);
  }
  template <typename Key>
  void erase(const Key& key) {
    put_record({kafka::encode_prefixed(key), std::nullopt}, {});
  }
  void put_record(coordinator_record record, const std::optional<transaction_of>& transaction);

  [[nodiscard]] emitted<answer> take() { return std::move(out_); }

 private:
  std::size_t batch_bytes_max_;
  std::size_t batch_bytes_ = 0;  // of the last batch
  emitted<answer> out_;
};

}  // namespace weir::group
