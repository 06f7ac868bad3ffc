#include "engine/coordinator/group_options.h"

#include <seastar/testing/test_case.hh>

namespace weir {
namespace {

using namespace std::chrono_literals;

SEASTAR_TEST_CASE(by_default_a_group_of_consumers_is_as_core_has_it) {
  const auto of = consumer_settings_of({}, {});
  const group::consumer_settings kafka;
  BOOST_CHECK(of.session_timeout_ms == kafka.session_timeout_ms);
  BOOST_CHECK(of.heartbeat_interval_ms == kafka.heartbeat_interval_ms);
  BOOST_CHECK(of.assignment_interval_ms == kafka.assignment_interval_ms);
  BOOST_CHECK(of.regex_refresh_ms == kafka.regex_refresh_ms);
  BOOST_CHECK(of.members_max == kafka.members_max);
  BOOST_CHECK(of.assignors == kafka.assignors);
  BOOST_CHECK(of.migration == kafka.migration);
  return seastar::make_ready_future<>();
}

SEASTAR_TEST_CASE(every_option_has_its_setting) {
  cluster_options all;
  all.group_consumer_regex_refresh_ms = 20s;
  all.group_consumer_members_max = 7;
  all.group_consumer_migration = group_consumer_migration_choice::upgrade;
  group_options own;
  own.consumer_session_ms = 50s;
  own.consumer_heartbeat_ms = 6s;
  own.consumer_assignment_ms = 2s;
  const auto of = consumer_settings_of(all, own);
  BOOST_CHECK(of.session_timeout_ms == 50'000);
  BOOST_CHECK(of.heartbeat_interval_ms == 6'000);
  BOOST_CHECK(of.assignment_interval_ms == 2'000);
  BOOST_CHECK(of.regex_refresh_ms == 20'000);
  BOOST_CHECK(of.members_max == 7);
  BOOST_CHECK(of.migration == group::migration_policy::upgrade);
  return seastar::make_ready_future<>();
}

SEASTAR_TEST_CASE(by_default_a_share_group_is_as_core_has_it) {
  const auto of = share_settings_of({}, {});
  const group::share_settings kafka;
  BOOST_CHECK(of.session_timeout_ms == kafka.session_timeout_ms);
  BOOST_CHECK(of.heartbeat_interval_ms == kafka.heartbeat_interval_ms);
  BOOST_CHECK(of.assignment_interval_ms == kafka.assignment_interval_ms);
  BOOST_CHECK(of.members_max == kafka.members_max);
  cluster_options all;
  all.group_share_members_max = 7;
  group_options own;
  own.share_session_ms = 50s;
  own.share_heartbeat_ms = 6s;
  own.share_assignment_ms = 2s;
  const auto other = share_settings_of(all, own);
  BOOST_CHECK(other.session_timeout_ms == 50'000);
  BOOST_CHECK(other.heartbeat_interval_ms == 6'000);
  BOOST_CHECK(other.assignment_interval_ms == 2'000);
  BOOST_CHECK(other.members_max == 7);
  return seastar::make_ready_future<>();
}

SEASTAR_TEST_CASE(by_default_a_streams_group_is_as_core_has_it) {
  const auto of = streams_settings_of({}, {});
  const group::streams_settings kafka;
  BOOST_CHECK(of.session_timeout_ms == kafka.session_timeout_ms);
  BOOST_CHECK(of.heartbeat_interval_ms == kafka.heartbeat_interval_ms);
  BOOST_CHECK(of.standby_replicas == kafka.standby_replicas);
  BOOST_CHECK(of.initial_rebalance_delay_ms == kafka.initial_rebalance_delay_ms);
  BOOST_CHECK(of.assignment_interval_ms == kafka.assignment_interval_ms);
  BOOST_CHECK(of.members_max == kafka.members_max);
  cluster_options all;
  all.group_streams_members_max = 7;
  group_options own;
  own.streams_session_ms = 50s;
  own.streams_heartbeat_ms = 6s;
  own.streams_standbys = 2;
  own.streams_first_rebalance_delay_ms = 4s;
  own.streams_assignment_ms = 2s;
  const auto other = streams_settings_of(all, own);
  BOOST_CHECK(other.session_timeout_ms == 50'000);
  BOOST_CHECK(other.heartbeat_interval_ms == 6'000);
  BOOST_CHECK(other.standby_replicas == 2);
  BOOST_CHECK(other.initial_rebalance_delay_ms == 4'000);
  BOOST_CHECK(other.assignment_interval_ms == 2'000);
  BOOST_CHECK(other.members_max == 7);
  return seastar::make_ready_future<>();
}

}  // namespace
}  // namespace weir
