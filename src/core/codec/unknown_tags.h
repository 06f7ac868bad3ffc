#pragma once
// Tagged fields (KIP-482) that this side doesn't know: kept as they came and written back, so a
// message that passes through loses nothing.
#include <cstdint>
#include <memory>

#include "core/base/bytes.h"
#include "core/base/chunked_vector.h"

namespace weir::kafka {

class unknown_tags {
 public:
  struct field {
    std::uint32_t tag = 0;
    bytes value;
    bool operator==(const field&) const = default;
  };
  using list = chunked_vector<field>;

  unknown_tags() = default;
  unknown_tags(const unknown_tags& other)
      : list_(other.list_ ? std::make_unique<list>(*other.list_) : nullptr) {}
  unknown_tags(unknown_tags&&) noexcept = default;
  unknown_tags& operator=(unknown_tags other) noexcept {
    list_ = std::move(other.list_);
    return *this;
  }
  ~unknown_tags() = default;

  [[nodiscard]] std::size_t size() const { return list_ ? list_->size() : 0; }
  [[nodiscard]] const field& operator[](std::size_t i) const { return (*list_)[i]; }
  // Tags are added in ascending order, none twice.
  void add(std::uint32_t tag, bytes value) {
    if (!list_) list_ = std::make_unique<list>();
    list_->push_back({tag, std::move(value)});
  }
  friend bool operator==(const unknown_tags& a, const unknown_tags& b) {
    return a.size() == b.size() && (a.size() == 0 || *a.list_ == *b.list_);
  }

 private:
  std::unique_ptr<list> list_;  // almost always absent
};

}  // namespace weir::kafka
