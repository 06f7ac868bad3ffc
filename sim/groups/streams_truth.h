#pragma once
// What streams groups are, as the committed log says it, and which tasks clients run; and what may
// never become of them.
#include <map>
#include <set>
#include <string>

#include "core/codec/streams_group_heartbeat.h"
#include "core/group/streams_record.h"
#include "sim/groups/offset_truth.h"

namespace weir::sim::groups {

// A task, whatever is done for it.
struct task_place {
  std::string part;
  std::int32_t partition = 0;
  auto operator<=>(const task_place&) const = default;
  [[nodiscard]] std::string str() const { return fmt::format("{}_{}", part, partition); }
};
inline task_place place_of(const group::task& t) {
  return {t.of.subtopology.str(), t.partition};
}

struct streams_of_group {
  std::int32_t epoch = 0;
  std::int32_t target = 0;
  std::int32_t validated = -1;  // the topology that can run
  std::map<std::string, group::streams_metadata> members;
  std::map<std::string, group::task_assignment> has;
  std::map<std::string, std::string> readers;  // parts by topic
};

class streams_truth {
 public:
  void put(const std::string& group, const group::streams_record& record);
  // After a batch: what one step made of a group is whole.
  void settle();
  // A commit of the log, before the records behind it.
  void check(const claim& by, std::int32_t partition) const;
  // Whether a commit must be refused, as things are; or a heartbeat of who has these.
  [[nodiscard]] bool refuses(const claim& by, std::int32_t partition) const;
  [[nodiscard]] bool refuses(const kafka::streams_group_heartbeat_request& r) const;
  // A member hears that, and it is the newest.
  void told(const kafka::streams_group_heartbeat_request& r,
            const kafka::streams_group_heartbeat_response& a) const;
  // Whether somebody who is in the group reads this topic.
  [[nodiscard]] bool is_read(const std::string& group, const std::string& topic) const;
  [[nodiscard]] const streams_of_group* find(const std::string& group) const;

  // Who runs tasks, or keeps them ready, by what he was told.
  struct runner {
    std::string group;
    std::string member;
    std::string process;
  };
  void takes(std::uint64_t client, const runner& as, const group::task& t);
  void gives_up(std::uint64_t client, const group::task& t);
  void gives_up(std::uint64_t client) { runs_.erase(client); }

 private:
  void put(const std::string& group, streams_of_group& g, const group::streams_group_record& r);
  void put(const std::string& group, streams_of_group& g, const group::streams_member_record& r);
  void put(const std::string& group, streams_of_group& g, const group::target_epoch_record& r);
  void put(const std::string& group, streams_of_group& g, const group::streams_target_record& r);
  void put(const std::string& group, streams_of_group& g, const group::streams_current_record& r);
  void put(const std::string& group, streams_of_group& g, const group::streams_topology_record& r);
  static void check_owners(const std::string& group, const streams_of_group& g);

  struct running {
    runner as;
    group::task_set what;
  };
  std::map<std::string, streams_of_group> groups_;
  std::set<std::string> touched_;
  std::map<std::uint64_t, running> runs_;
};

}  // namespace weir::sim::groups
