#pragma once
// The commands that make the cluster's state, as they stand in its log (decl/stored/*.record):
// int16 record id, int16 version, then the record in its flexible encoding.
#include <expected>
#include <string>
#include <variant>

#include "core/base/fragments.h"
#include "core/codec/codec_error.h"
#include "core/codec/stored/broker_registered.h"
#include "core/codec/stored/broker_state_changed.h"
#include "core/codec/stored/broker_unregistered.h"
#include "core/codec/stored/cluster_created.h"
#include "core/codec/stored/configs_changed.h"
#include "core/codec/stored/feature_levels_changed.h"
#include "core/codec/stored/partitions_added.h"
#include "core/codec/stored/producer_ids_allocated.h"
#include "core/codec/stored/reassignments_begun.h"
#include "core/codec/stored/reassignments_cancelled.h"
#include "core/codec/stored/reassignments_finished.h"
#include "core/codec/stored/shards_moved.h"
#include "core/codec/stored/topic_created.h"
#include "core/codec/stored/topic_deleted.h"

namespace weir::catalog {

using command =
    std::variant<stored::cluster_created, stored::topic_created, stored::topic_deleted,
                 stored::partitions_added, stored::configs_changed, stored::producer_ids_allocated,
                 stored::broker_registered, stored::broker_unregistered,
                 stored::broker_state_changed, stored::feature_levels_changed,
                 stored::reassignments_begun, stored::reassignments_cancelled,
                 stored::reassignments_finished, stored::shards_moved>;

std::string encode(const command& c);
// bad_version: an id or version that this Weir does not know; a newer one has written here.
std::expected<command, kafka::codec_error> decode(const fragments& from);

}  // namespace weir::catalog
