#pragma once
// Kafka's error codes for what the rooms below answer: the only place where the two meet.
#include "core/catalog/reassignment_request.h"
#include "core/codec/error_code.h"
#include "core/options/descriptor.h"
#include "core/record/produce_refusal.h"
#include "engine/cluster/cluster.h"
#include "engine/coordinator/coordinator_error.h"

namespace weir::edge {

kafka::error_code code_of(replica_error error);
kafka::error_code code_of(command_error error);
kafka::error_code code_of(coordinator_error error);
kafka::error_code code_of(record::produce_fault fault);
kafka::error_code code_of(option_error_code code);
kafka::error_code code_of(catalog::reassignment_fault::kind fault);

}  // namespace weir::edge
