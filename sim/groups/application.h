#pragma once
// What a streams application is made of, and what must become of it with the topics that there are,
// by rules of its own: not by the coordinator's code.
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/codec/streams_group_heartbeat.h"
#include "sim/groups/surroundings.h"

namespace weir::sim::groups {

class application {
 public:
  // One to three parts over these topics, each of which one of them reads. What a part writes the
  // next one reads.
  static application draw(random& chance, const std::string& group,
                          const std::set<std::string>& topics, std::int64_t partitions_max);

  struct part {
    std::string id;
    std::vector<std::string> sources;
    std::string reads;                  // data that is shared out anew; empty: none
    std::int32_t reads_partitions = 0;  // 0: as what is written to it
    bool copartitioned = false;         // its one source with what it reads
    std::string writes;
    std::string changelog;  // empty: it has no state
    // All that its tasks read.
    [[nodiscard]] std::vector<std::string> read_topics() const;
  };
  // With those topics: how many tasks each part has, and which internal topics it takes.
  struct outcome {
    std::set<std::string> missing_sources;
    std::map<std::string, std::int32_t> tasks;     // by part
    std::map<std::string, std::int32_t> internal;  // their partitions
    std::set<std::string> missing;                 // of the internal ones
    std::set<std::string> unfit;                   // there, with other partitions
    [[nodiscard]] bool runs() const {
      return missing_sources.empty() && missing.empty() && unfit.empty();
    }
  };

  [[nodiscard]] const std::vector<part>& parts() const { return parts_; }
  [[nodiscard]] const part* find(const std::string& id) const;
  [[nodiscard]] kafka::streams_group_heartbeat_request::topology_info topology() const;
  [[nodiscard]] std::set<std::string> sources() const;
  [[nodiscard]] std::set<std::string> internal() const;
  [[nodiscard]] outcome with(const topics& there) const;

 private:
  std::vector<part> parts_;
};

}  // namespace weir::sim::groups
