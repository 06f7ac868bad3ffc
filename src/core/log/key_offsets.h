#pragma once
// The newest offset of each key of a part of a log, for compaction (docs/decisions/0006). Keys are
// kept whole and compared byte for byte: two keys are never taken for one. Memory is bounded: when
// it is used up, put() says so and the caller goes on with what fits; one key always fits.
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "core/base/ids.h"

namespace weir::log {

class key_offsets {
 public:
  using hash = std::uint64_t (*)(std::string_view);
  static std::uint64_t default_hash(std::string_view key);

  // `budget`: bytes, at least 64 KiB. `keys_max`: more than so many different ones will not come
  // (an estimate that is too small makes it full earlier). `with`: replaced in tests by a weak one.
  key_offsets(std::size_t budget, std::uint64_t keys_max, hash with = default_hash);

  // Offsets of a key ascend. False: there is no room for another key, and nothing was noted.
  [[nodiscard]] bool put(std::string_view key, offset at);
  [[nodiscard]] std::optional<offset> find(std::string_view key) const;

  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] std::size_t memory() const;

 private:
  // A slot is 0, or 16 bits of the key's hash and the place of its entry, plus 1, in the pieces. An
  // entry: i64 offset, u32 key size, key; it may lie across pieces.
  static constexpr std::size_t piece_size = 64 << 10;
  static constexpr std::size_t slots_in_piece = piece_size / sizeof(std::uint64_t);
  static constexpr std::size_t entry_head = 12;

  // 0 also where its piece was never needed.
  [[nodiscard]] std::uint64_t slot(std::uint64_t number) const {
    const auto& piece = slots_[number / slots_in_piece];
    return piece ? piece[number % slots_in_piece] : 0;
  }
  // The slot that has the key, or the empty one where it belongs.
  [[nodiscard]] std::uint64_t place_of(std::string_view key, std::uint64_t hashed) const;
  [[nodiscard]] bool holds(std::uint64_t at, std::string_view key) const;
  void write(std::uint64_t at, std::string_view bytes);
  void read(std::uint64_t at, char* to, std::size_t size) const;

  hash hash_;
  std::size_t entry_budget_;
  std::uint64_t mask_;  // slots - 1
  std::uint64_t slots_used_max_;
  std::vector<std::unique_ptr<std::uint64_t[]>> slots_;
  std::vector<std::unique_ptr<char[]>> pieces_;
  std::uint64_t used_ = 0;  // bytes of entries
  std::uint64_t size_ = 0;
};

}  // namespace weir::log
