#pragma once
// What groups are, as the committed log says it, and what may never become of them.
#include <map>
#include <optional>
#include <set>
#include <string>

#include "core/codec/consumer_group_heartbeat.h"
#include "core/codec/coordinator/group_metadata.h"
#include "core/group/consumer_record.h"
#include "sim/groups/offset_truth.h"

namespace weir::sim::groups {

struct classic_truth {
  std::int32_t generation = 0;
  std::int32_t known = 0;  // by members; one before, where the consumer protocol was left
  std::set<std::string> members;
  std::set<std::string> topics;  // that they read
};

struct consumer_truth {
  std::int32_t epoch = 0;
  std::int32_t target = 0;
  std::map<std::string, group::member_metadata> members;
  std::map<std::string, group::current_assignment> has;
  std::map<std::string, std::set<text>> regexes;
  [[nodiscard]] bool reads(const std::string& topic) const;
};

class member_truth {
 public:
  void put(const std::string& group, const logged::group_metadata_value* value);
  void put(const std::string& group, const group::consumer_record& record);
  // After a batch: what one step made of a group is whole.
  void settle();
  // A commit of the log, before the records behind it.
  void check(const claim& by, const partition_key& of) const;
  // Whether a commit must be refused, as things are; or a heartbeat of who has these.
  [[nodiscard]] bool refuses(const claim& by, const partition_key& of) const;
  [[nodiscard]] bool refuses(const kafka::consumer_group_heartbeat_request& r) const;
  // Whether somebody who is in the group reads this topic.
  [[nodiscard]] bool is_read(const std::string& group, const std::string& topic) const;
  [[nodiscard]] const consumer_truth* consumer(const std::string& group) const;
  [[nodiscard]] const classic_truth* classic(const std::string& group) const;
  // Whether that is what the member is to have now, of a group of the consumer protocol.
  [[nodiscard]] bool has(const std::string& group, const std::string& member,
                         const partition_key& p) const;

 private:
  void put(const std::string& group, consumer_truth& g, const group::group_record& r);
  void put(const std::string& group, consumer_truth& g, const group::member_record& r);
  void put(const std::string& group, consumer_truth& g, const group::target_epoch_record& r);
  void put(const std::string& group, consumer_truth& g, const group::target_record& r);
  void put(const std::string& group, consumer_truth& g, const group::current_record& r);
  void put(const std::string& group, consumer_truth& g, const group::regex_record& r);
  void check_owners(const std::string& group, const consumer_truth& g) const;
  void see_instances(const std::string& group, const consumer_truth& g);

  std::map<std::string, classic_truth> classic_;
  std::map<std::string, consumer_truth> consumers_;
  std::set<std::string> touched_;
  // Who has an instance: between steps.
  struct instance_holder {
    std::string member;
    bool classic = false;
    bool may_be_replaced = false;
  };
  std::map<std::pair<std::string, std::string>, instance_holder> instances_;
  std::set<std::string> left_;  // groups that ended as ones of the consumer protocol
};

}  // namespace weir::sim::groups
