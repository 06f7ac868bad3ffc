// Each file of commands adds its own.
#pragma once

#include "cli/settings.h"

namespace weir::cli {

void add_topic_views(commands& to, CLI::App& topic);    // list, describe
void add_topic_changes(commands& to, CLI::App& topic);  // create, delete
void add_topic_edits(commands& to, CLI::App& topic);    // alter, trim
void add_group_views(commands& to, CLI::App& group);    // list, describe, lag
void add_group_changes(commands& to, CLI::App& group);  // reset, delete
void add_produce(commands& to);
void add_consume(commands& to);
void add_cluster_commands(commands& to);                    // info, and those that follow
void add_cluster_views(commands& to, CLI::App& cluster);    // health, brokers, partitions…
void add_cluster_changes(commands& to, CLI::App& cluster);  // decommission, maintenance…
void add_verify(commands& to);
void add_dump(commands& to);
void add_recover(commands& to);
void add_simulate(commands& to);

}  // namespace weir::cli
