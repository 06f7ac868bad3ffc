#pragma once
// One handler per API that this broker answers, each in handlers/<name>.cc. The table with their
// versions is handlers.cc.
#include <string_view>

#include "edge/kafka/request.h"

namespace weir::edge {

seastar::future<answer> add_offsets_to_txn(services&, request);
seastar::future<answer> add_partitions_to_txn(services&, request);
seastar::future<answer> add_raft_voter(services&, request);
seastar::future<answer> alter_configs(services&, request);
seastar::future<answer> alter_partition_reassignments(services&, request);
seastar::future<answer> alter_replica_log_dirs(services&, request);
seastar::future<answer> alter_share_group_offsets(services&, request);
seastar::future<answer> api_versions(services&, request);
seastar::future<answer> consumer_group_describe(services&, request);
seastar::future<answer> consumer_group_heartbeat(services&, request);
seastar::future<answer> create_partitions(services&, request);
seastar::future<answer> create_topics(services&, request);
seastar::future<answer> delete_groups(services&, request);
seastar::future<answer> delete_records(services&, request);
seastar::future<answer> delete_share_group_offsets(services&, request);
seastar::future<answer> delete_share_group_state(services&, request);
seastar::future<answer> delete_topics(services&, request);
seastar::future<answer> describe_cluster(services&, request);
seastar::future<answer> describe_configs(services&, request);
seastar::future<answer> describe_groups(services&, request);
seastar::future<answer> describe_log_dirs(services&, request);
seastar::future<answer> describe_producers(services&, request);
seastar::future<answer> describe_quorum(services&, request);
seastar::future<answer> describe_share_group_offsets(services&, request);
seastar::future<answer> describe_topic_partitions(services&, request);
seastar::future<answer> describe_transactions(services&, request);
seastar::future<answer> elect_leaders(services&, request);
seastar::future<answer> end_txn(services&, request);
seastar::future<answer> fetch(services&, request);
seastar::future<answer> find_coordinator(services&, request);
seastar::future<answer> get_telemetry_subscriptions(services&, request);
seastar::future<answer> heartbeat(services&, request);
seastar::future<answer> incremental_alter_configs(services&, request);
seastar::future<answer> init_producer_id(services&, request);
seastar::future<answer> initialize_share_group_state(services&, request);
seastar::future<answer> join_group(services&, request);
seastar::future<answer> leave_group(services&, request);
seastar::future<answer> list_config_resources(services&, request);
seastar::future<answer> list_groups(services&, request);
seastar::future<answer> list_offsets(services&, request);
seastar::future<answer> list_partition_reassignments(services&, request);
seastar::future<answer> list_transactions(services&, request);
seastar::future<answer> metadata(services&, request);
seastar::future<answer> offset_commit(services&, request);
seastar::future<answer> offset_delete(services&, request);
seastar::future<answer> offset_fetch(services&, request);
seastar::future<answer> offset_for_leader_epoch(services&, request);
seastar::future<answer> produce(services&, request);
seastar::future<answer> push_telemetry(services&, request);
seastar::future<answer> read_share_group_state(services&, request);
seastar::future<answer> read_share_group_state_summary(services&, request);
seastar::future<answer> remove_raft_voter(services&, request);
seastar::future<answer> share_acknowledge(services&, request);
seastar::future<answer> share_fetch(services&, request);
seastar::future<answer> share_group_describe(services&, request);
seastar::future<answer> share_group_heartbeat(services&, request);
seastar::future<answer> streams_group_describe(services&, request);
seastar::future<answer> streams_group_heartbeat(services&, request);
seastar::future<answer> sync_group(services&, request);
seastar::future<answer> txn_offset_commit(services&, request);
seastar::future<answer> unregister_broker(services&, request);
seastar::future<answer> update_features(services&, request);
seastar::future<answer> write_share_group_state(services&, request);
seastar::future<answer> write_txn_markers(services&, request);

}  // namespace weir::edge
