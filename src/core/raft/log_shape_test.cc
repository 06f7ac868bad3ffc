#include "core/raft/log_shape.h"

#include <catch2/catch_all.hpp>
#include <random>

namespace weir::raft {
namespace {

// The same as a plain list of terms.
struct plain_log {
  entry_id base;
  std::vector<term> terms;
  [[nodiscard]] std::optional<term> term_at(log_index i) const {
    if (i < base.index || i - base.index > terms.size()) return std::nullopt;
    return i == base.index ? base.term : terms[i - base.index - 1];
  }
  [[nodiscard]] log_index last() const { return base.index + terms.size(); }
  [[nodiscard]] term last_term() const { return terms.empty() ? base.term : terms.back(); }
  [[nodiscard]] entry_id last_not_above(entry_id bound) const {
    for (auto i = std::min(bound.index, last()); i > base.index; i = i - 1) {
      if (*term_at(i) <= bound.term) return {*term_at(i), i};
    }
    return base;
  }
};

TEST_CASE("a log's shape answers as the plain list of its terms does") {
  std::mt19937_64 random(5);
  for (int round = 0; round < 200; ++round) {
    log_shape shape({}, {}, {});
    plain_log plain;
    std::uint64_t at = 1;
    for (int step = 0; step < 60; ++step) {
      const auto some = plain.base.index + random() % (plain.terms.size() + 1);
      switch (random() % 10) {
        case 0:
          shape.truncate_after(some);
          plain.terms.resize(some - plain.base.index);
          break;
        case 1: {
          shape.trim(some);
          const entry_id base{*plain.term_at(some), some};
          plain.terms.erase(plain.terms.begin(),
                            plain.terms.begin() + static_cast<long>(some - plain.base.index));
          plain.base = base;
          break;
        }
        case 2:
          if (random() % 10 == 0) {
            const entry_id base{term(at), plain.last() + 5};
            shape.reset(base);
            plain = {.base = base};
          }
          break;
        case 3: {  // a hole, of the term before it
          const auto size = 1 + random() % 3;
          at += random() % 2;
          shape.append({term(at), plain.last() + size + 1});
          plain.terms.resize(plain.terms.size() + size, plain.last_term());
          plain.terms.emplace_back(at);
          break;
        }
        default:
          at += random() % 3 == 0 ? 1 : 0;
          shape.append(term(at));
          plain.terms.emplace_back(at);
      }
      REQUIRE(shape.base() == plain.base);
      REQUIRE(shape.last().index == plain.last());
      for (auto i = plain.base.index; i <= plain.last() + 1; ++i) {
        REQUIRE(shape.term_at(i) == plain.term_at(i));
        const entry_id bound{term(random() % (at + 2)), i};
        REQUIRE(shape.last_not_above(bound) == plain.last_not_above(bound));
      }
    }
  }
}

}  // namespace
}  // namespace weir::raft
