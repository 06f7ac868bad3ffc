#pragma once
// A vector that never asks for one large block: contiguous while it is small, then a table of
// chunks. Empty ones own nothing, so a struct full of them is cheap. References to elements are
// lost on growth while the vector is small, and kept once it has several chunks.
#include <algorithm>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <new>
#include <utility>

namespace weir {

inline constexpr std::size_t chunk_bytes_max = 128 * 1024;
// Ends the process. Out of line: this header is in every generated message.
[[noreturn]] void chunked_vector_overflow(std::size_t count);

template <typename T>
class chunked_vector {
  template <bool Const>
  class basic_iterator;

 public:
  using value_type = T;
  using size_type = std::size_t;
  using difference_type = std::ptrdiff_t;
  using reference = T&;
  using const_reference = const T&;
  using iterator = basic_iterator<false>;
  using const_iterator = basic_iterator<true>;

  chunked_vector() = default;
  chunked_vector(std::initializer_list<T> values) : chunked_vector(values.begin(), values.end()) {}
  template <std::input_iterator It>
  chunked_vector(It first, It last) {
    for (; first != last; ++first) push_back(*first);
  }
  chunked_vector(const chunked_vector& other) {
    reserve(other.size_);
    for (const auto& value : other) push_back(value);
  }
  chunked_vector(chunked_vector&& other) noexcept
      : memory_(std::exchange(other.memory_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  chunked_vector& operator=(chunked_vector other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }
  ~chunked_vector() {
    clear();
    release();
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }

  T& operator[](std::size_t i) { return *slot(i); }
  const T& operator[](std::size_t i) const { return *slot(i); }
  T& front() { return *slot(0); }
  const T& front() const { return *slot(0); }
  T& back() { return *slot(size_ - 1); }
  const T& back() const { return *slot(size_ - 1); }

  iterator begin() { return {this, 0}; }
  iterator end() { return {this, size_}; }
  const_iterator begin() const { return {this, 0}; }
  const_iterator end() const { return {this, size_}; }

  void push_back(const T& value) { emplace_back(value); }
  void push_back(T&& value) { emplace_back(std::move(value)); }
  // The arguments may refer into this vector: the new element is made before the old ones move.
  template <typename... Args>
  T& emplace_back(Args&&... args) {
    if (size_ == capacity_) [[unlikely]] {
      T made{std::forward<Args>(args)...};
      grow(std::size_t{size_} + 1);
      return *std::construct_at(slot(size_++), std::move(made));
    }
    return *std::construct_at(slot(size_++), T{std::forward<Args>(args)...});
  }
  void pop_back() { std::destroy_at(slot(--size_)); }
  void clear() { shrink_to(0); }
  // Room for `count` elements in all; takes just that, rounded up to whole chunks when large.
  void reserve(std::size_t count) {
    if (count <= capacity_) return;
    if (count >= size_max) chunked_vector_overflow(count);
    if (count <= per_chunk()) {
      become_small(count);
    } else {
      become_large(count);
    }
  }
  void resize(std::size_t count) {
    if (count < size_) return shrink_to(count);
    reserve(count);
    while (size_ < count) {
      std::construct_at(slot(size_));
      ++size_;
    }
  }

  // Elements of one full chunk; a vector of no more is contiguous.
  static constexpr std::size_t per_chunk() {
    return std::max<std::size_t>(1, std::bit_floor(chunk_bytes_max / sizeof(T)));
  }
  friend bool operator==(const chunked_vector& a, const chunked_vector& b) {
    return a.size_ == b.size_ && std::equal(a.begin(), a.end(), b.begin());
  }

 private:
  static constexpr std::size_t size_max = UINT32_MAX;
  static constexpr unsigned shift() { return std::countr_zero(per_chunk()); }
  static T* allocate(std::size_t count) { return std::allocator<T>().allocate(count); }
  static void free(T* at, std::size_t count) { std::allocator<T>().deallocate(at, count); }

  [[nodiscard]] bool small() const { return capacity_ <= per_chunk(); }
  [[nodiscard]] T** table() const { return static_cast<T**>(memory_); }
  [[nodiscard]] T* slot(std::size_t i) const {
    if (small()) return static_cast<T*>(memory_) + i;
    return table()[i >> shift()] + (i & (per_chunk() - 1));
  }
  void shrink_to(std::size_t count) {
    while (size_ > count) pop_back();
  }
  void grow(std::size_t needed) {
    const std::size_t doubled = std::max<std::size_t>(std::size_t{capacity_} * 2, 4);
    const std::size_t wanted = small() ? std::min(doubled, per_chunk()) : needed;
    reserve(std::max(wanted, needed));
  }
  void become_small(std::size_t count) {
    T* fresh = allocate(count);
    T* old = static_cast<T*>(memory_);
    for (std::size_t i = 0; i < size_; ++i) {
      std::construct_at(fresh + i, std::move(old[i]));
      std::destroy_at(old + i);
    }
    if (old) free(old, capacity_);
    memory_ = fresh;
    capacity_ = static_cast<std::uint32_t>(count);
  }
  void become_large(std::size_t count) {
    if (small() && capacity_ < per_chunk()) become_small(per_chunk());
    const std::size_t had = capacity_ >> shift();
    const std::size_t want = (count + per_chunk() - 1) >> shift();
    // The table doubles, so that adding chunks one by one stays linear.
    const std::size_t room = small() ? 0 : std::bit_ceil(had);
    if (want > room) {
      T** fresh = std::allocator<T*>().allocate(std::bit_ceil(want));
      if (small()) {
        fresh[0] = static_cast<T*>(memory_);
      } else {
        std::copy_n(table(), had, fresh);
        std::allocator<T*>().deallocate(table(), room);
      }
      memory_ = fresh;
    }
    for (std::size_t i = had; i < want; ++i) table()[i] = allocate(per_chunk());
    capacity_ = static_cast<std::uint32_t>(want << shift());
  }
  void release() {
    if (!memory_) return;
    if (small()) {
      free(static_cast<T*>(memory_), capacity_);
    } else {
      const std::size_t had = capacity_ >> shift();
      for (std::size_t i = 0; i < had; ++i) free(table()[i], per_chunk());
      std::allocator<T*>().deallocate(table(), std::bit_ceil(had));
    }
    memory_ = nullptr;
    capacity_ = 0;
  }

  void* memory_ = nullptr;      // T* while small(), else T**
  std::uint32_t size_ = 0;      // size_ <= capacity_, always
  std::uint32_t capacity_ = 0;  // beyond per_chunk(): a multiple of it
};

template <typename T>
template <bool Const>
class chunked_vector<T>::basic_iterator {
  using vector = std::conditional_t<Const, const chunked_vector, chunked_vector>;

 public:
  using iterator_category = std::random_access_iterator_tag;
  using value_type = T;
  using difference_type = std::ptrdiff_t;
  using reference = std::conditional_t<Const, const T&, T&>;
  using pointer = std::conditional_t<Const, const T*, T*>;

  basic_iterator() = default;
  basic_iterator(vector* over, std::size_t at) : over_(over), at_(at) {}
  operator basic_iterator<true>() const { return {over_, at_}; }  // NOLINT: as for std::vector

  reference operator*() const { return (*over_)[at_]; }
  pointer operator->() const { return &(*over_)[at_]; }
  reference operator[](difference_type by) const { return *(*this + by); }
  basic_iterator& operator++() { return *this += 1; }
  basic_iterator& operator--() { return *this -= 1; }
  basic_iterator operator++(int) { return std::exchange(*this, *this + 1); }
  basic_iterator operator--(int) { return std::exchange(*this, *this - 1); }
  basic_iterator& operator+=(difference_type by) {
    at_ += static_cast<std::size_t>(by);
    return *this;
  }
  basic_iterator& operator-=(difference_type by) { return *this += -by; }
  friend basic_iterator operator+(basic_iterator a, difference_type by) { return a += by; }
  friend basic_iterator operator+(difference_type by, basic_iterator a) { return a += by; }
  friend basic_iterator operator-(basic_iterator a, difference_type by) { return a -= by; }
  friend difference_type operator-(const basic_iterator& a, const basic_iterator& b) {
    return static_cast<difference_type>(a.at_) - static_cast<difference_type>(b.at_);
  }
  friend bool operator==(const basic_iterator& a, const basic_iterator& b) {
    return a.at_ == b.at_;
  }
  friend auto operator<=>(const basic_iterator& a, const basic_iterator& b) {
    return a.at_ <=> b.at_;
  }

 private:
  vector* over_ = nullptr;
  std::size_t at_ = 0;
};

}  // namespace weir
