#include "edge/kafka/handlers.h"

#include <algorithm>

#include "edge/kafka/services.h"

namespace weir::edge {
namespace {

constexpr api_handler table[] = {
    {kafka::api_key::produce, 3, 13, &weir::edge::produce},
    {kafka::api_key::fetch, 4, 18, &weir::edge::fetch},
    {kafka::api_key::list_offsets, 1, 11, &weir::edge::list_offsets},
    {kafka::api_key::metadata, 0, 13, &weir::edge::metadata},
    {kafka::api_key::offset_commit, 2, 10, &weir::edge::offset_commit},
    {kafka::api_key::offset_fetch, 1, 10, &weir::edge::offset_fetch},
    {kafka::api_key::find_coordinator, 0, 6, &weir::edge::find_coordinator},
    {kafka::api_key::join_group, 0, 9, &weir::edge::join_group},
    {kafka::api_key::heartbeat, 0, 4, &weir::edge::heartbeat},
    {kafka::api_key::leave_group, 0, 5, &weir::edge::leave_group},
    {kafka::api_key::sync_group, 0, 5, &weir::edge::sync_group},
    {kafka::api_key::describe_groups, 0, 6, &weir::edge::describe_groups},
    {kafka::api_key::list_groups, 0, 5, &weir::edge::list_groups},
    {kafka::api_key::api_versions, 0, 4, &weir::edge::api_versions},
    {kafka::api_key::create_topics, 2, 7, &weir::edge::create_topics},
    {kafka::api_key::delete_topics, 1, 6, &weir::edge::delete_topics},
    {kafka::api_key::delete_records, 0, 2, &weir::edge::delete_records},
    {kafka::api_key::init_producer_id, 0, 5, &weir::edge::init_producer_id},
    {kafka::api_key::offset_for_leader_epoch, 2, 4, &weir::edge::offset_for_leader_epoch},
    {kafka::api_key::add_partitions_to_txn, 0, 5, &weir::edge::add_partitions_to_txn},
    {kafka::api_key::add_offsets_to_txn, 0, 4, &weir::edge::add_offsets_to_txn},
    {kafka::api_key::end_txn, 0, 5, &weir::edge::end_txn},
    {kafka::api_key::write_txn_markers, 1, 2, &weir::edge::write_txn_markers},
    {kafka::api_key::txn_offset_commit, 0, 5, &weir::edge::txn_offset_commit},
    {kafka::api_key::describe_configs, 1, 4, &weir::edge::describe_configs},
    {kafka::api_key::alter_configs, 0, 2, &weir::edge::alter_configs},
    {kafka::api_key::alter_replica_log_dirs, 1, 2, &weir::edge::alter_replica_log_dirs},
    {kafka::api_key::describe_log_dirs, 1, 5, &weir::edge::describe_log_dirs},
    {kafka::api_key::create_partitions, 0, 3, &weir::edge::create_partitions},
    {kafka::api_key::delete_groups, 0, 2, &weir::edge::delete_groups},
    {kafka::api_key::elect_leaders, 0, 2, &weir::edge::elect_leaders},
    {kafka::api_key::incremental_alter_configs, 0, 1, &weir::edge::incremental_alter_configs},
    {kafka::api_key::alter_partition_reassignments, 0, 1,
     &weir::edge::alter_partition_reassignments},
    {kafka::api_key::list_partition_reassignments, 0, 0, &weir::edge::list_partition_reassignments},
    {kafka::api_key::offset_delete, 0, 0, &weir::edge::offset_delete},
    {kafka::api_key::describe_quorum, 0, 2, &weir::edge::describe_quorum},
    {kafka::api_key::update_features, 0, 2, &weir::edge::update_features},
    {kafka::api_key::describe_cluster, 0, 2, &weir::edge::describe_cluster},
    {kafka::api_key::describe_producers, 0, 0, &weir::edge::describe_producers},
    {kafka::api_key::unregister_broker, 0, 0, &weir::edge::unregister_broker},
    {kafka::api_key::describe_transactions, 0, 0, &weir::edge::describe_transactions},
    {kafka::api_key::list_transactions, 0, 2, &weir::edge::list_transactions},
    {kafka::api_key::consumer_group_heartbeat, 0, 1, &weir::edge::consumer_group_heartbeat},
    {kafka::api_key::consumer_group_describe, 0, 1, &weir::edge::consumer_group_describe},
    {kafka::api_key::get_telemetry_subscriptions, 0, 0, &weir::edge::get_telemetry_subscriptions},
    {kafka::api_key::push_telemetry, 0, 0, &weir::edge::push_telemetry},
    {kafka::api_key::list_config_resources, 0, 1, &weir::edge::list_config_resources},
    {kafka::api_key::describe_topic_partitions, 0, 0, &weir::edge::describe_topic_partitions},
    {kafka::api_key::share_group_heartbeat, 1, 1, &weir::edge::share_group_heartbeat},
    {kafka::api_key::share_group_describe, 1, 1, &weir::edge::share_group_describe},
    {kafka::api_key::share_fetch, 1, 2, &weir::edge::share_fetch},
    {kafka::api_key::share_acknowledge, 1, 2, &weir::edge::share_acknowledge},
    {kafka::api_key::add_raft_voter, 0, 1, &weir::edge::add_raft_voter},
    {kafka::api_key::remove_raft_voter, 0, 0, &weir::edge::remove_raft_voter},
    {kafka::api_key::initialize_share_group_state, 0, 0, &weir::edge::initialize_share_group_state},
    {kafka::api_key::read_share_group_state, 0, 0, &weir::edge::read_share_group_state},
    {kafka::api_key::write_share_group_state, 0, 1, &weir::edge::write_share_group_state},
    {kafka::api_key::delete_share_group_state, 0, 0, &weir::edge::delete_share_group_state},
    {kafka::api_key::read_share_group_state_summary, 0, 1,
     &weir::edge::read_share_group_state_summary},
    {kafka::api_key::streams_group_heartbeat, 0, 0, &weir::edge::streams_group_heartbeat},
    {kafka::api_key::streams_group_describe, 0, 0, &weir::edge::streams_group_describe},
    {kafka::api_key::describe_share_group_offsets, 0, 1, &weir::edge::describe_share_group_offsets},
    {kafka::api_key::alter_share_group_offsets, 0, 0, &weir::edge::alter_share_group_offsets},
    {kafka::api_key::delete_share_group_offsets, 0, 0, &weir::edge::delete_share_group_offsets},
};

}  // namespace

std::span<const api_handler> handlers() {
  return table;
}

const api_handler* find_handler(std::int16_t key) {
  const auto at =
      std::ranges::find(table, key, [](const auto& h) { return static_cast<std::int16_t>(h.key); });
  return at == std::end(table) ? nullptr : at;
}

}  // namespace weir::edge
