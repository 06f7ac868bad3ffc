#pragma once
// Shared, immutable byte ranges. A `bytes` is a view plus a share in whatever owns the memory: a
// socket buffer, a chunk of the log's cache, a std::string. Copying one copies no bytes. Shares may
// be dropped on any shard: the count is atomic (docs/decisions/0002-shared-bytes.md), the bytes
// never change after they were shared.
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace weir {

// Base of everything that can own bytes. Starts with one share, which belongs to its creator.
class bytes_owner {
 public:
  bytes_owner() = default;
  bytes_owner(const bytes_owner&) = delete;
  bytes_owner& operator=(const bytes_owner&) = delete;
  virtual ~bytes_owner() = default;

  void share() noexcept { shares_.fetch_add(1, std::memory_order_relaxed); }
  void drop() noexcept {
    // The only share left can't be raced for, so the common case needs no locked instruction.
    if (shares_.load(std::memory_order_acquire) == 1 ||
        shares_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      delete this;
    }
  }

 private:
  std::atomic<std::uint32_t> shares_{1};
};

class bytes {
 public:
  constexpr bytes() = default;
  // A view of memory that outlives every copy (literals, static tables).
  static bytes unowned(std::string_view view) { return {view.data(), view.size(), nullptr}; }
  // Takes one share of `owner`, which the caller keeps its own of.
  static bytes owned(std::string_view view, bytes_owner* owner) {
    if (owner) owner->share();
    return {view.data(), view.size(), owner};
  }
  // Takes over the caller's share.
  static bytes adopt(std::string_view view, bytes_owner* owner) {
    return {view.data(), view.size(), owner};
  }
  static bytes copy(std::string_view view);
  static bytes from(std::string value);

  bytes(const bytes& other) : data_(other.data_), size_(other.size_), owner_(other.owner_) {
    if (owner_) owner_->share();
  }
  bytes(bytes&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        owner_(std::exchange(other.owner_, nullptr)) {}
  bytes& operator=(bytes other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(owner_, other.owner_);
    return *this;
  }
  ~bytes() {
    if (owner_) owner_->drop();
  }

  [[nodiscard]] const char* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::string_view view() const { return {data_, size_}; }
  [[nodiscard]] const char* begin() const { return data_; }
  [[nodiscard]] const char* end() const { return data_ + size_; }

  // [from, from + count) of this range, clamped to it.
  [[nodiscard]] bytes slice(std::size_t from, std::size_t count = SIZE_MAX) const {
    return owned(view().substr(from, count), owner_);
  }
  friend bool operator==(const bytes& a, const bytes& b) { return a.view() == b.view(); }

 private:
  bytes(const char* data, std::size_t size, bytes_owner* owner)
      : data_(data), size_(size), owner_(owner) {}

  const char* data_ = nullptr;
  std::size_t size_ = 0;
  bytes_owner* owner_ = nullptr;
};

}  // namespace weir
