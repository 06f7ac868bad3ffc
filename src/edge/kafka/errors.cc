#include "edge/kafka/errors.h"

#include "core/base/check.h"

namespace weir::edge {

using kafka::error_code;

error_code code_of(replica_error error) {
  switch (error) {
    case replica_error::not_leader:
      return error_code::not_leader_or_follower;
    case replica_error::out_of_order_sequence:
      return error_code::out_of_order_sequence_number;
    case replica_error::invalid_producer_epoch:
      return error_code::invalid_producer_epoch;
    case replica_error::bad_sequence:
      return error_code::invalid_record;
    case replica_error::invalid_transaction:
      return error_code::invalid_txn_state;
    case replica_error::coordinator_fenced:
      return error_code::transaction_coordinator_fenced;
    case replica_error::timed_out:
      return error_code::request_timed_out;
    case replica_error::fenced_leader_epoch:
      return error_code::fenced_leader_epoch;
    case replica_error::unknown_leader_epoch:
      return error_code::unknown_leader_epoch;
    case replica_error::offset_out_of_range:
      return error_code::offset_out_of_range;
    case replica_error::no_space:
      // Not the code for storage: many clients give up on that one (decision 9).
      return error_code::not_enough_replicas;
    case replica_error::storage:
      return error_code::kafka_storage_error;
    case replica_error::damaged:
      return error_code::kafka_storage_error;
  }
  weir_check(false, "replica error {}", static_cast<int>(error));
}

error_code code_of(command_error error) {
  switch (error) {
    case command_error::topic_exists:
      return error_code::topic_already_exists;
    case command_error::unknown_topic:
      return error_code::unknown_topic_or_partition;
    case command_error::fewer_partitions:
      return error_code::invalid_partitions;
    case command_error::unknown_broker:
    case command_error::malformed_replicas:
      return error_code::invalid_replica_assignment;
    case command_error::no_reassignment:
      return error_code::no_reassignment_in_progress;
    case command_error::unsupported_feature:
      return error_code::feature_update_failed;
    case command_error::refused:
      return error_code::invalid_request;
    case command_error::storage:
      return error_code::kafka_storage_error;
    case command_error::stale:  // again and again: better later
    case command_error::no_leader:
    case command_error::timed_out:
      return error_code::request_timed_out;
    case command_error::stopping:
      return error_code::not_controller;
  }
  weir_check(false, "command error {}", static_cast<int>(error));
}

error_code code_of(coordinator_error error) {
  switch (error) {
    case coordinator_error::no_topic:
    case coordinator_error::not_here:
      // Whoever asks then looks for it, which makes the topic where it is missing.
      return error_code::not_coordinator;
    case coordinator_error::loading:
      return error_code::coordinator_load_in_progress;
    case coordinator_error::crowded:
    case coordinator_error::no_space:
      return error_code::coordinator_not_available;
    case coordinator_error::invalid_producer_epoch:
      return error_code::invalid_producer_epoch;
    case coordinator_error::invalid_transaction:
      return error_code::invalid_txn_state;
  }
  weir_check(false, "coordinator error {}", static_cast<int>(error));
}

error_code code_of(record::produce_fault fault) {
  switch (fault) {
    case record::produce_fault::corrupt_message:
      return error_code::corrupt_message;
    case record::produce_fault::record_too_large:
      return error_code::message_too_large;
    case record::produce_fault::invalid_timestamp:
      return error_code::invalid_timestamp;
    case record::produce_fault::unsupported_format:
      return error_code::unsupported_for_message_format;
    case record::produce_fault::unsupported_compression:
      return error_code::unsupported_compression_type;
    case record::produce_fault::invalid_record:
      return error_code::invalid_record;
    case record::produce_fault::unreadable:
      return error_code::unknown_server_error;
  }
  weir_check(false, "produce fault {}", static_cast<int>(fault));
}

error_code code_of(option_error_code code) {
  switch (code) {
    case option_error_code::unknown_name:
      return error_code::invalid_config;
    case option_error_code::invalid_value:
      return error_code::invalid_config;
    case option_error_code::invalid_request:
      return error_code::invalid_request;
    case option_error_code::not_changeable:
      return error_code::invalid_config;
  }
  weir_check(false, "option error {}", static_cast<int>(code));
}

error_code code_of(catalog::reassignment_fault::kind fault) {
  using kind = catalog::reassignment_fault::kind;
  switch (fault) {
    case kind::unknown_partition:
      return error_code::unknown_topic_or_partition;
    case kind::assignment:
      return error_code::invalid_replica_assignment;
    case kind::replication_factor:
      return error_code::invalid_replication_factor;
    case kind::none_in_progress:
      return error_code::no_reassignment_in_progress;
    case kind::busy:
      return error_code::reassignment_in_progress;
  }
  weir_check(false, "reassignment fault {}", static_cast<int>(fault));
}

}  // namespace weir::edge
