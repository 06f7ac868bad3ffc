#include "core/raft/consensus.h"

#include <catch2/catch_all.hpp>

namespace weir::raft {
namespace {

constexpr node_id self{1};

TEST_CASE("a lone voter leads a new term and serves once its first entry is durable") {
  consensus c(self, {self},
              {.last_vote = {term(4), self}, .last_index = log_index(9), .last_term = term(3)});
  const auto elected = c.tick();
  REQUIRE(elected.save_vote);
  CHECK(elected.save_vote->term == term(5));
  REQUIRE(elected.append_term_start);
  CHECK(elected.append_term_start->index == log_index(10));
  CHECK(c.current_role() == role::leader);
  CHECK_FALSE(c.serving());
  CHECK_FALSE(c.durable(log_index(9)).commit);  // older terms don't count by themselves
  CHECK(c.durable(log_index(10)).commit == log_index(10));
  CHECK(c.serving());
  CHECK_FALSE(c.tick().save_vote);
}

TEST_CASE("an entry is committed when durable, not when appended") {
  consensus c(self, {self}, {});
  (void)c.tick();
  (void)c.durable(log_index(1));
  const std::vector<entry_head> two{{.offset_count = 3}, {.offset_count = 1}};
  const auto out = c.propose(two);
  REQUIRE(out.append.size() == 2);
  CHECK(out.append[0].index == log_index(2));
  CHECK(out.append[1].index == log_index(3));
  CHECK(out.append[1].term == term(1));
  CHECK(c.commit_index() == log_index(1));
  CHECK(c.durable(log_index(2)).commit == log_index(2));
  CHECK_FALSE(c.durable(log_index(2)).commit);
  CHECK(c.durable(log_index(3)).commit == log_index(3));
}

TEST_CASE("the term after a crash is above any vote given") {
  consensus c(self, {self},
              {.last_vote = {term(7), self}, .last_index = log_index(2), .last_term = term(2)});
  CHECK(c.tick().save_vote->term == term(8));
}

}  // namespace
}  // namespace weir::raft
