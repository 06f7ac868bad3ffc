#pragma once
// What the options of the cluster and of a group mean to its coordinator.
#include "core/group/consumer_settings.h"
#include "core/group/share_settings.h"
#include "core/group/streams_settings.h"
#include "core/options/declared.h"

namespace weir {

group::consumer_settings consumer_settings_of(const cluster_options& all, const group_options& own);
group::share_settings share_settings_of(const cluster_options& all, const group_options& own);
group::streams_settings streams_settings_of(const cluster_options& all, const group_options& own);

}  // namespace weir
