#include "core/catalog/kept_state.h"

#include <catch2/catch_all.hpp>

#include "core/catalog/commands_test.h"

namespace weir::catalog {
namespace {

std::string whole(const kept_place& at, const state& of) {
  auto out = encode_kept_head(at);
  out.append(encode_snapshot(of));
  return out.str();
}

TEST_CASE("a state is kept with the place that it is of") {
  const kept_place at{.index = log_index(77), .next_offset = offset(70)};
  const auto file = whole(at, {});
  CHECK(decode_kept_head(fragments::copy(file)) == at);
  const auto pieces = fragments::copy(file);
  CHECK(decode_snapshot(pieces.slice(kept_head_size, pieces.size() - kept_head_size)) == state());
}

TEST_CASE("each wrong byte of its head is seen") {
  const auto file = whole({.index = log_index(77), .next_offset = offset(70)}, {});
  for (std::size_t i = 0; i < kept_head_size; ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      auto bad = file;
      bad[i] = static_cast<char>(bad[i] ^ (1 << bit));
      CHECK_FALSE(decode_kept_head(fragments::copy(bad)));
    }
    CHECK(decode_kept_head(fragments::copy(file.substr(0, i))).error() ==
          snapshot_error::truncated);
  }
  auto newer = file;
  newer[8] = 2;
  CHECK(decode_kept_head(fragments::copy(newer)).error() == snapshot_error::newer_version);
}

}  // namespace
}  // namespace weir::catalog
