#pragma once
// What replica_balancer works on: brokers and partitions as they will be once all that was begun,
// and all that it planned so far, is done.
#include <cstdint>
#include <map>

#include "core/base/partition_key.h"
#include "core/catalog/breath.h"
#include "core/catalog/broker_loads.h"
#include "core/catalog/leader_table.h"
#include "core/catalog/soft_facts.h"

namespace weir::catalog {

replica_list replaced(replica_list in, node_id from, node_id to);

class rebalanced_cluster {
 public:
  struct node {
    node_id id;
    std::uint32_t rack = 0;  // equal ones have the same number; who has none has one of its own
    bool takes_work = false;
    bool dead = false;  // for long enough
    bool draining = false;
    bool up = false;
    std::uint64_t disk_bytes = 0;  // 0: not known
    std::uint64_t disk_used = 0;
    broker_load load;
  };
  struct part {
    partition_key key;
    std::int32_t version = 0;
    replica_list replicas;
    std::uint64_t bytes = 0;
    bool movable = true;  // not on its way already
  };

  rebalanced_cluster(const state& s, const broker_facts& facts, const leader_table& leaders,
                     std::int64_t dead_after_ms, const breath& b);

  [[nodiscard]] std::map<node_id, node>& nodes() { return nodes_; }
  [[nodiscard]] const std::map<node_id, node>& nodes() const { return nodes_; }
  [[nodiscard]] node* find(node_id id);
  [[nodiscard]] const node* find(node_id id) const;
  [[nodiscard]] chunked_vector<part>& parts() { return parts_; }
  // Those it had at first, some of which may have been moved away; null: none.
  [[nodiscard]] const chunked_vector<std::uint32_t>* parts_of(node_id id) const;
  // Partitions that are on their way already.
  [[nodiscard]] std::size_t moving() const { return moving_; }

  [[nodiscard]] std::size_t up(const replica_list& replicas) const;
  [[nodiscard]] std::size_t in_rack(const replica_list& replicas, std::uint32_t rack) const;
  // Whether as many racks have a copy after `from` gave its own to `to`.
  [[nodiscard]] bool keeps_racks(const part& p, node_id from, node_id to) const;
  // Whether some broker that takes work has no copy.
  [[nodiscard]] bool anyone_without(const replica_list& replicas) const;
  // With so many bytes more; 0 where the disk's size is not known.
  [[nodiscard]] std::uint64_t used_percent_after(const node& n, std::uint64_t bytes) const;

  void move(part& p, replica_list target);

 private:
  void add_part(const partition_key& key, const placement& at, std::uint64_t bytes);
  void carry(const part& p, bool more);

  std::map<node_id, node> nodes_;
  chunked_vector<part> parts_;
  std::map<node_id, chunked_vector<std::uint32_t>> by_node_;
  std::size_t moving_ = 0;
};

}  // namespace weir::catalog
