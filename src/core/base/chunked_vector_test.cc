#include "core/base/chunked_vector.h"

#include <algorithm>
#include <array>
#include <catch2/catch_all.hpp>
#include <memory>
#include <string>
#include <vector>

namespace weir {
namespace {

using wide = std::array<std::uint64_t, 200>;  // few of these fit a chunk

TEST_CASE("chunked_vector holds what a vector would, below and above one chunk") {
  using numbers = chunked_vector<std::int64_t>;
  for (const std::size_t count : {0UZ, 1UZ, 5UZ, numbers::per_chunk() - 1, numbers::per_chunk(),
                                  numbers::per_chunk() + 1, 5 * numbers::per_chunk() + 3}) {
    numbers v;
    for (std::size_t i = 0; i < count; ++i) v.push_back(static_cast<std::int64_t>(i));
    REQUIRE(v.size() == count);
    CHECK(v.empty() == (count == 0));
    std::size_t at = 0;
    bool same = true;
    for (const auto value : v) same &= value == static_cast<std::int64_t>(at++);
    CHECK(same);
    CHECK(at == count);
    const numbers copy = v;
    CHECK(copy == v);
    numbers moved = std::move(v);
    CHECK(moved == copy);
    CHECK(v.empty());  // NOLINT: a moved-from one is empty, that is its promise
    if (count > 0) {
      CHECK(moved.back() == static_cast<std::int64_t>(count - 1));
      moved.pop_back();
      CHECK(moved.size() == count - 1);
      CHECK_FALSE(moved == copy);
    }
  }
}

TEST_CASE("chunked_vector is contiguous while it fits a chunk, and chunks stay below the limit") {
  chunked_vector<wide> v;
  CHECK(v.per_chunk() * sizeof(wide) <= chunk_bytes_max);
  v.resize(v.per_chunk());
  CHECK(&v.back() - &v.front() == static_cast<std::ptrdiff_t>(v.per_chunk() - 1));
  const auto* kept = &v[3];
  v.resize(3 * v.per_chunk());
  CHECK(&v[3] == kept);  // a full chunk never moves again
  CHECK(v.capacity() == 3 * v.per_chunk());
}

TEST_CASE("chunked_vector makes and ends each element once") {
  const auto shared = std::make_shared<int>(1);
  {
    chunked_vector<std::shared_ptr<int>> v;
    for (int i = 0; i < 20'000; ++i) v.push_back(shared);
    CHECK(shared.use_count() == 20'001);
    v.push_back(v[0]);
    CHECK(shared.use_count() == 20'002);
    v.resize(10);
    CHECK(shared.use_count() == 11);
    v.reserve(30'000);
    CHECK(shared.use_count() == 11);
    v = chunked_vector<std::shared_ptr<int>>{shared, shared};
    CHECK(shared.use_count() == 3);
  }
  CHECK(shared.use_count() == 1);
}

TEST_CASE("an element of the vector itself may be added to it") {
  chunked_vector<std::string> v;
  v.push_back("a string too long to be held inside");
  for (int i = 0; i < 6000; ++i) v.push_back(v[0]);
  CHECK(std::ranges::all_of(v, [&](const auto& s) { return s == v[0]; }));
}

TEST_CASE("chunked_vector works with algorithms") {
  chunked_vector<std::int32_t> v;
  for (int i = 0; i < 100'000; ++i) v.push_back((i * 7919) % 100'003);
  std::ranges::sort(v);
  CHECK(std::ranges::is_sorted(v));
  CHECK(*std::ranges::lower_bound(v, v[777]) == v[777]);
  const std::vector<std::int32_t> plain(v.begin(), v.end());
  CHECK(chunked_vector<std::int32_t>(plain.begin(), plain.end()) == v);
  static_assert(std::random_access_iterator<chunked_vector<int>::iterator>);
  static_assert(sizeof(v) == 16);
}

}  // namespace
}  // namespace weir
