#include <catch2/catch_all.hpp>
#include <limits>

#include "core/base/crc32c.h"
#include "core/base/endian.h"
#include "core/base/fragments.h"
#include "core/base/ids.h"
#include "core/base/text.h"
#include "core/base/uuid.h"
#include "core/base/varint.h"

namespace weir {
namespace {

struct counted_owner final : bytes_owner {
  explicit counted_owner(int& a) : alive(&a) { ++*alive; }
  ~counted_owner() override { --*alive; }
  int* alive;
};

fragments in_pieces(std::string_view whole, std::size_t piece) {
  fragments f;
  for (std::size_t at = 0; at < whole.size(); at += piece)
    f.append(bytes::copy(whole.substr(at, piece)));
  return f;
}

TEST_CASE("bytes keep their owner alive as long as any share is left") {
  int alive = 0;
  static const std::string memory = "0123456789";
  bytes slice;
  {
    auto whole = bytes::adopt(memory, new counted_owner(alive));
    slice = whole.slice(3, 4);
    bytes other = whole;
    CHECK(alive == 1);
  }
  CHECK(alive == 1);
  CHECK(slice.view() == "3456");
  slice = {};
  CHECK(alive == 0);
}

TEST_CASE("fragments slice and read across pieces") {
  const std::string whole = "the quick brown fox jumps over the lazy dog";
  for (std::size_t piece = 1; piece <= whole.size(); ++piece) {
    const auto f = in_pieces(whole, piece);
    REQUIRE(f.size() == whole.size());
    for (std::size_t from = 0; from < whole.size(); from += 5) {
      for (std::size_t count = 0; from + count <= whole.size(); count += 3) {
        CHECK(f.slice(from, count).str() == whole.substr(from, count));
        CHECK(f.contiguous(from, count).view() == whole.substr(from, count));
        CHECK(crc32c(f, from, count) == crc32c(std::string_view(whole).substr(from, count)));
      }
    }
  }
}

TEST_CASE("crc32c gives the published check value") {
  CHECK(crc32c("123456789") == 0xe3069283U);
  CHECK(crc32c("6789", crc32c("12345")) == 0xe3069283U);
}

TEST_CASE("varints round-trip and refuse what is cut off or too wide") {
  char buffer[varint_size_max];
  for (const std::uint64_t value :
       {0ULL, 1ULL, 127ULL, 128ULL, 300ULL, 0xffffffffULL, 0x100000000ULL, ~0ULL}) {
    const auto size = put_uvarint(buffer, value);
    CHECK(size == uvarint_size(value));
    const auto read = get_uvarint({buffer, size});
    REQUIRE(read);
    CHECK(read->value == value);
    CHECK(read->size == size);
    CHECK_FALSE(get_uvarint({buffer, size - 1}));
    CHECK(get_uvarint({buffer, size}, 32).has_value() == (value <= 0xffffffffULL));
  }
  for (const std::int64_t value : {0L, -1L, 1L, std::numeric_limits<std::int64_t>::min()}) {
    CHECK(unzigzag(zigzag(value)) == value);
  }
}

TEST_CASE("uuid text is Kafka's") {
  const uuid one{0, 1};
  CHECK(one.str() == "AAAAAAAAAAAAAAAAAAAAAQ");
  for (const uuid& id :
       {uuid{}, one, uuid{~0ULL, ~0ULL}, uuid{0x0123456789abcdef, 0xfedcba9876543210}}) {
    CHECK(uuid::parse(id.str()) == id);
  }
  CHECK_FALSE(uuid::parse("short"));
  CHECK_FALSE(uuid::parse("AAAAAAAAAAAAAAAAAAAAA!"));
}

TEST_CASE("endian stores") {
  char b[8];
  store_be<std::int32_t>(b, 0x01020304);
  CHECK(b[0] == 1);
  CHECK(load_be<std::int32_t>(b) == 0x01020304);
  store_le<std::int16_t>(b, 0x0102);
  CHECK(b[0] == 2);
  CHECK(load_le<std::int16_t>(b) == 0x0102);
}

TEST_CASE("strong types order and add") {
  CHECK(offset(3) + 2 == offset(5));
  CHECK(offset(5) - offset(3) == 2);
  CHECK(fmt::format("{}", offset(7)) == "7");
}

}  // namespace
}  // namespace weir
