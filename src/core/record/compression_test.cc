#include "core/record/compression.h"

#include <catch2/catch_all.hpp>

#include <random>

#include "core/record/test_bytes.h"

namespace weir::record {
namespace {

using testing::from_hex;
using testing::in_pieces;

constexpr std::array all_codecs = {codec::none, codec::gzip, codec::snappy, codec::lz4,
                                   codec::zstd};
constexpr std::array packing_codecs = {codec::gzip, codec::snappy, codec::lz4, codec::zstd};

std::string sample(std::size_t size, unsigned seed) {
  // Half noise, half words: some blocks pack well, some not at all.
  std::minstd_rand chance(seed);
  std::string out;
  while (out.size() < size) {
    if (chance() % 2 == 0) {
      for (int i = 0; i < 700; ++i) out.push_back(static_cast<char>(chance()));
    } else {
      for (int i = 0; i < 100; ++i) out += "the same words ";
    }
  }
  out.resize(size);
  return out;
}

TEST_CASE("round trips in any pieces") {
  const std::size_t size = GENERATE(1, 100, 32768, 65536, 65537, 300'000);
  const std::size_t piece = GENERATE(17, 4096, 1 << 20);
  const auto plain = sample(size, static_cast<unsigned>(size));
  for (const auto type : all_codecs) {
    CAPTURE(type, size, piece);
    const auto packed = compress(type, levels_of(type).standard, in_pieces(plain, piece));
    for (const auto& p : packed.pieces()) CHECK(p.size() <= piece_size_max);
    const auto again = decompress(type, in_pieces(packed.str(), piece), size);
    REQUIRE(again);
    CHECK(again->str() == plain);
    if (type != codec::none) {
      for (const auto& p : again->pieces()) CHECK(p.size() <= piece_size_max);
    }
  }
}

TEST_CASE("every level works and is clamped into its range") {
  const auto plain = fragments::copy(sample(100'000, 3));
  for (const auto type : packing_codecs) {
    for (const int level : {-200'000, -1, 0, 1, 3, 6, 9, 12, 19, 100}) {
      CAPTURE(type, level);
      CHECK(*decompress(type, compress(type, level, plain), plain.size()) == plain);
    }
  }
}

TEST_CASE("the bound is exact and holds before a bomb grows") {
  const std::string plain(3'000'000, 'a');
  for (const auto type : packing_codecs) {
    CAPTURE(type);
    const auto packed = compress(type, levels_of(type).standard, fragments::copy(plain));
    CHECK(decompress(type, packed, plain.size())->size() == plain.size());
    CHECK(decompress(type, packed, plain.size() - 1).error() == record_error::too_large_unpacked);
    // Piece by piece: never more than the bound was handed out.
    const auto source = make_decompressor(type, packed, 100'000);
    std::size_t got = 0;
    while (true) {
      const auto piece = source->next();
      if (!piece) {
        CHECK(piece.error() == record_error::too_large_unpacked);
        break;
      }
      REQUIRE(!piece->empty());
      got += piece->size();
    }
    CHECK(got <= 100'000);
  }
  CHECK(decompress(codec::none, fragments::copy(plain), 10).error() ==
        record_error::too_large_unpacked);
}

TEST_CASE("a stream that is cut off anywhere is an error, never a shorter result") {
  const auto plain = sample(2000, 5);
  for (const auto type : packing_codecs) {
    const auto packed = compress(type, levels_of(type).standard, fragments::copy(plain)).str();
    for (std::size_t cut = 1; cut < packed.size(); ++cut) {
      CAPTURE(type, cut);
      const auto got = decompress(type, in_pieces(packed.substr(0, cut), 100), 1 << 20);
      // Java's snappy framing has no end mark: a cut between blocks shows only in the records.
      if (got) CHECK((type == codec::snappy && cut == 16 && got->empty()));
    }
  }
}

TEST_CASE("nothing at all: an error but for zstd, whose frames may be none (as Kafka)") {
  for (const auto type : {codec::gzip, codec::snappy, codec::lz4}) {
    CHECK(decompress(type, {}, 10).error() == record_error::bad_compression);
  }
  CHECK(decompress(codec::zstd, {}, 10)->empty());
  for (const auto type : packing_codecs) {
    CHECK(decompress(type, fragments::copy("hello"), 1000).error() ==
          record_error::bad_compression);
  }
}

TEST_CASE("several gzip members and zstd frames are one stream; junk behind them is not") {
  const auto join = [](codec type, std::string_view tail) {
    auto all = compress(type, 1, fragments::copy("one ")).str();
    all += compress(type, 1, fragments::copy("two")).str();
    return decompress(type, in_pieces(all.append(tail), 5), 100);
  };
  CHECK(join(codec::gzip, "")->str() == "one two");
  CHECK(join(codec::gzip, "zzzz")->str() == "one two");  // Java ignores it
  CHECK(join(codec::zstd, "")->str() == "one two");
  CHECK(join(codec::zstd, "zzzz").error() == record_error::bad_compression);
  CHECK(join(codec::snappy, "")->str() == "one two");  // appended Java streams
  CHECK(join(codec::lz4, "")->str() == "one ");        // Java stops at the first frame
}

TEST_CASE("lz4 frames that Java consumers cannot read are refused") {
  auto packed = compress(codec::lz4, 9, fragments::copy("hello hello hello")).str();
  CHECK(decompress(codec::lz4, fragments::copy(packed), 100));
  // A frame with dependent blocks, otherwise right: FLG 0x40 with its header checksum, 0xc0 as
  // computed by xxHash for {0x40, 0x40}.
  packed[4] = 0x40;
  packed[6] = '\xc0';
  CHECK(decompress(codec::lz4, fragments::copy(packed), 100).error() ==
        record_error::bad_compression);
}

TEST_CASE("raw snappy, as librdkafka writes it") {
  // 5 bytes: a literal of "hello".
  CHECK(decompress(codec::snappy, in_pieces(from_hex("051068656c6c6f"), 2), 5)->str() == "hello");
  // A block that claims 4 GiB is refused by its claim.
  CHECK(decompress(codec::snappy, in_pieces(from_hex("ffffffff0f1068656c6c6f"), 3), 1 << 20)
            .error() == record_error::too_large_unpacked);
}

TEST_CASE("a zstd window far larger than the bound is refused before it is allocated") {
  // Magic, a frame header descriptor without sizes, window 2^27 * 1.0 (exponent 17), a raw block.
  const auto frame = from_hex("28b52ffd0088090000ff");
  CHECK(decompress(codec::zstd, fragments::copy(frame), 1 << 20).error() ==
        record_error::too_large_unpacked);
  CHECK(decompress(codec::zstd, fragments::copy(frame), std::size_t{1} << 27).has_value());
}

}  // namespace
}  // namespace weir::record
