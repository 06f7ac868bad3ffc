#pragma once
// For tests and fuzzers, in one source file of an executable: counts what operator new is asked
// for, so that "no allocation beyond a multiple of the frame" is something that can fail.
#include <cstddef>
#include <cstdlib>
#include <new>

namespace weir {

inline std::size_t bytes_asked_for = 0;  // ever, of all threads that tests have: one
inline std::size_t largest_asked_for = 0;

}  // namespace weir

// All forms in pairs: AddressSanitizer tells its own operator new from our free.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  weir::bytes_asked_for += size;
  if (size > weir::largest_asked_for) weir::largest_asked_for = size;
  return std::malloc(size ? size : 1);
}
void* operator new(std::size_t size) {
  if (void* p = operator new(size, std::nothrow)) return p;
  throw std::bad_alloc();
}
void operator delete(void* p, const std::nothrow_t&) noexcept {
  std::free(p);
}
void operator delete(void* p) noexcept {
  std::free(p);
}
void operator delete(void* p, std::size_t) noexcept {
  std::free(p);
}
