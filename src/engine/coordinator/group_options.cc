#include "engine/coordinator/group_options.h"

namespace weir {

namespace {

group::migration_policy policy_of(group_consumer_migration_choice chosen) {
  switch (chosen) {
    case group_consumer_migration_choice::disabled:
      return group::migration_policy::disabled;
    case group_consumer_migration_choice::upgrade:
      return group::migration_policy::upgrade;
    case group_consumer_migration_choice::downgrade:
      return group::migration_policy::downgrade;
    case group_consumer_migration_choice::bidirectional:
      break;
  }
  return group::migration_policy::bidirectional;
}

}  // namespace

group::consumer_settings consumer_settings_of(const cluster_options& all,
                                              const group_options& own) {
  group::consumer_settings out;
  out.session_timeout_ms = static_cast<std::int32_t>(own.consumer_session_ms.count());
  out.heartbeat_interval_ms = static_cast<std::int32_t>(own.consumer_heartbeat_ms.count());
  out.assignment_interval_ms = static_cast<std::int32_t>(own.consumer_assignment_ms.count());
  out.regex_refresh_ms = static_cast<std::int32_t>(all.group_consumer_regex_refresh_ms.count());
  out.members_max = static_cast<std::size_t>(all.group_consumer_members_max);
  out.migration = policy_of(all.group_consumer_migration);
  return out;
}

group::share_settings share_settings_of(const cluster_options& all, const group_options& own) {
  group::share_settings out;
  out.session_timeout_ms = static_cast<std::int32_t>(own.share_session_ms.count());
  out.heartbeat_interval_ms = static_cast<std::int32_t>(own.share_heartbeat_ms.count());
  out.assignment_interval_ms = static_cast<std::int32_t>(own.share_assignment_ms.count());
  out.members_max = static_cast<std::size_t>(all.group_share_members_max);
  return out;
}

group::streams_settings streams_settings_of(const cluster_options& all, const group_options& own) {
  group::streams_settings out;
  out.session_timeout_ms = static_cast<std::int32_t>(own.streams_session_ms.count());
  out.heartbeat_interval_ms = static_cast<std::int32_t>(own.streams_heartbeat_ms.count());
  out.standby_replicas = static_cast<std::int32_t>(own.streams_standbys);
  out.initial_rebalance_delay_ms =
      static_cast<std::int32_t>(own.streams_first_rebalance_delay_ms.count());
  out.assignment_interval_ms = static_cast<std::int32_t>(own.streams_assignment_ms.count());
  out.members_max = static_cast<std::size_t>(all.group_streams_members_max);
  return out;
}

}  // namespace weir
