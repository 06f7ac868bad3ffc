#include "core/log/key_offsets.h"

#include <absl/hash/hash.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/base/check.h"
#include "core/base/endian.h"

namespace weir::log {
namespace {

constexpr std::uint64_t place_bits = 48;
constexpr std::uint64_t place_mask = (std::uint64_t{1} << place_bits) - 1;

std::uint64_t tag_of(std::uint64_t hashed) {
  return hashed & ~place_mask;
}

}  // namespace

// Seeded anew in each process, so that clients can't choose keys that meet in one slot.
std::uint64_t key_offsets::default_hash(std::string_view key) {
  return absl::HashOf(key);
}

key_offsets::key_offsets(std::size_t budget, std::uint64_t keys_max, hash with) : hash_(with) {
  weir_check(budget >= piece_size, "{} bytes for a table of keys", budget);
  // A fifth of the budget for slots suits keys of about 20 bytes, and longer ones need fewer slots.
  constexpr std::size_t slots_share = 5;
  const auto most = std::bit_floor(budget / slots_share / sizeof(std::uint64_t));
  constexpr std::uint64_t least = 64;
  const auto wanted = std::bit_ceil(std::min<std::uint64_t>(keys_max, most) * 4 / 3 + least);
  const auto slots = std::min<std::uint64_t>(most, wanted);
  mask_ = slots - 1;
  slots_used_max_ = slots / 8 * 7;
  slots_.resize((slots + slots_in_piece - 1) / slots_in_piece);
  entry_budget_ = budget - slots * sizeof(std::uint64_t);
}

std::size_t key_offsets::memory() const {
  const auto made = std::ranges::count_if(slots_, [](const auto& p) { return p != nullptr; });
  return (static_cast<std::size_t>(made) + pieces_.size()) * piece_size;
}

bool key_offsets::put(std::string_view key, offset at) {
  const auto hashed = hash_(key);
  const auto number = place_of(key, hashed);
  const auto here = slot(number);
  char head[entry_head];
  store_le(head, at.value());
  if (here != 0) {
    write((here & place_mask) - 1, {head, sizeof(std::int64_t)});
    return true;
  }
  const bool full = size_ == slots_used_max_ || used_ + entry_head + key.size() > entry_budget_;
  if (full && size_ > 0) return false;
  store_le(head + sizeof(std::int64_t), static_cast<std::uint32_t>(key.size()));
  write(used_, {head, entry_head});
  write(used_ + entry_head, key);
  auto& piece = slots_[number / slots_in_piece];
  if (!piece) piece = std::make_unique<std::uint64_t[]>(slots_in_piece);
  piece[number % slots_in_piece] = tag_of(hashed) | (used_ + 1);
  used_ += entry_head + key.size();
  ++size_;
  return true;
}

std::optional<offset> key_offsets::find(std::string_view key) const {
  const auto here = slot(place_of(key, hash_(key)));
  if (here == 0) return std::nullopt;
  char raw[sizeof(std::int64_t)];
  read((here & place_mask) - 1, raw, sizeof raw);
  return offset(load_le<std::int64_t>(raw));
}

std::uint64_t key_offsets::place_of(std::string_view key, std::uint64_t hashed) const {
  for (auto number = hashed & mask_;; number = (number + 1) & mask_) {
    const auto here = slot(number);
    if (here == 0) return number;
    if (tag_of(here) == tag_of(hashed) && holds((here & place_mask) - 1, key)) return number;
  }
}

bool key_offsets::holds(std::uint64_t at, std::string_view key) const {
  char raw[sizeof(std::uint32_t)];
  read(at + sizeof(std::int64_t), raw, sizeof raw);
  if (load_le<std::uint32_t>(raw) != key.size()) return false;
  at += entry_head;
  while (!key.empty()) {
    const auto step = std::min<std::size_t>(key.size(), piece_size - at % piece_size);
    if (std::memcmp(pieces_[at / piece_size].get() + at % piece_size, key.data(), step) != 0)
      return false;
    key.remove_prefix(step);
    at += step;
  }
  return true;
}

void key_offsets::write(std::uint64_t at, std::string_view bytes) {
  while (!bytes.empty()) {
    if (at / piece_size == pieces_.size())
      pieces_.push_back(std::make_unique_for_overwrite<char[]>(piece_size));
    const auto step = std::min<std::size_t>(bytes.size(), piece_size - at % piece_size);
    std::memcpy(pieces_[at / piece_size].get() + at % piece_size, bytes.data(), step);
    bytes.remove_prefix(step);
    at += step;
  }
}

void key_offsets::read(std::uint64_t at, char* to, std::size_t size) const {
  while (size > 0) {
    const auto step = std::min<std::size_t>(size, piece_size - at % piece_size);
    std::memcpy(to, pieces_[at / piece_size].get() + at % piece_size, step);
    to += step;
    size -= step;
    at += step;
  }
}

}  // namespace weir::log
