#pragma once
// Which replicas should be elsewhere, and why some can't be: off brokers that are dead for too long
// and off those that are being decommissioned; bytes off full disks; over more racks; and evenly,
// so that a new broker gets its share. The latter three never put two replicas into fewer racks
// than before, nor fill another disk.
//
// A plan is a few reassignments, made for placements as they are: when they are finished, ask
// again. Plans end: in a cluster that does not change, some plan is empty.
#include <cstdint>
#include <vector>

#include "core/base/partition_key.h"
#include "core/catalog/breath.h"
#include "core/catalog/leader_table.h"
#include "core/catalog/soft_facts.h"

namespace weir::catalog {

struct balance_limits {
  std::size_t moves_max = 20;  // partitions that move at a time, those that do already included
  std::int64_t dead_after_ms = 15 * 60 * 1000;  // below zero: never
  std::uint64_t disk_percent_max = 80;
  bool spread = true;  // also without need
};

enum class move_reason : std::uint8_t { broker_dead, broker_draining, disk_full, racks, spread };

struct replica_move {
  partition_key key;
  std::int32_t version = 0;  // of the placement
  replica_list target;
  move_reason why = move_reason::spread;
  bool operator==(const replica_move&) const = default;
};

// Why a broker does not get emptied.
struct obstacle {
  enum class kind : std::uint8_t {
    too_few_brokers,  // no broker is left that has no copy yet: needs another one, or fewer
                      // replicas
    disks_full,       // there are such brokers, none with room
    no_majority,      // so many replicas are down that Raft can't change anything
  };
  node_id broker;
  kind why = kind::too_few_brokers;
  std::size_t partitions = 0;
  partition_key example;  // one of them
  bool operator==(const obstacle&) const = default;
};

struct replica_plan {
  std::vector<replica_move> moves;  // the more urgent first
  std::vector<obstacle> obstacles;
};

replica_plan plan_moves(const state& s, const broker_facts& facts, const leader_table& leaders,
                        const balance_limits& limits, const breath& b = {});

// The plan's moves as the command to propose.
stored::reassignments_begun command_of(const std::vector<replica_move>& moves);

}  // namespace weir::catalog
