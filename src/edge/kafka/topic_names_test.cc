#include "edge/kafka/topic_names.h"

#include <seastar/core/future.hh>
#include <seastar/testing/test_case.hh>

namespace weir::edge {
namespace {

SEASTAR_TEST_CASE(good_names_have_no_fault) {
  for (const auto* name : {"a", "...", "a.b_c-D9", "__consumer_offsets", "-"})
    BOOST_TEST(!topic_name_fault(name).has_value(), name);
  BOOST_TEST(!topic_name_fault(std::string(topic_name_max, 'x')).has_value());
  return seastar::make_ready_future<>();
}

SEASTAR_TEST_CASE(bad_names_are_told_as_kafka_tells_them) {
  const auto fault = [](std::string_view name) { return topic_name_fault(name).value_or("none"); };
  BOOST_TEST(fault("") == "Topic name is invalid: the empty string is not allowed");
  BOOST_TEST(fault(".") == "Topic name is invalid: '.' is not allowed");
  BOOST_TEST(fault("..") == "Topic name is invalid: '..' is not allowed");
  const std::string longer(topic_name_max + 1, 'x');
  BOOST_TEST(fault(longer) == "Topic name is invalid: the length of '" + longer +
                                  "' is longer than the max allowed length 249");
  for (const std::string name : {"a b", "a/b", "a:b", "\xc3\xa9"}) {
    BOOST_TEST(fault(name) == "Topic name is invalid: '" + name +
                                  "' contains one or more characters other than ASCII "
                                  "alphanumerics, '.', '_' and '-'");
  }
  BOOST_TEST(topic_name_fault(std::string_view("a\0b", 3)).has_value());
  return seastar::make_ready_future<>();
}

SEASTAR_TEST_CASE(names_collide_where_only_dots_and_underscores_differ) {
  BOOST_TEST(topic_names_collide("a.b", "a_b"));
  BOOST_TEST(topic_names_collide("a.b_c", "a_b.c"));
  BOOST_TEST(topic_names_collide("a_b", "a_b"));
  BOOST_TEST(!topic_names_collide("a.b", "a-b"));
  BOOST_TEST(!topic_names_collide("a.b", "a_bc"));
  BOOST_TEST(!topic_names_collide("a.b", "A_b"));
  return seastar::make_ready_future<>();
}

}  // namespace
}  // namespace weir::edge
