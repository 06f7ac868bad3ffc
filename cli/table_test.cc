#include "cli/table.h"

#include <catch2/catch_all.hpp>

using namespace weir::cli;

TEST_CASE("columns line up and lines have no tails") {
  table t({{"NAME"}, {"N", align::right}, {"NOTE"}});
  CHECK(t.empty());
  t.add({"größe", "7", "x"});
  t.add({"a", "1234", ""});
  CHECK_FALSE(t.empty());
  CHECK(t.text() ==
        "NAME      N  NOTE\n"
        "größe     7  x\n"
        "a      1234  -\n");
}

TEST_CASE("only the title is bold") {
  table t({{"A"}});
  t.add({"b"});
  CHECK(t.text(true) == "\033[1mA\033[0m\nb\n");
}

TEST_CASE("cells that are missing are empty") {
  table t({{"A"}, {"B"}});
  t.add({"x"});
  CHECK(t.text() == "A  B\nx  -\n");
}
