#pragma once
// A group of the consumer protocol as its log tells it: changed by apply() alone, so that a replay
// gives what the leader had. Beside what the records say it keeps counts of them, so that no step
// has to walk over all members to know who has a partition or what is subscribed to.
#include <absl/hash/hash.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "core/group/consumer_record.h"

namespace weir::group {

struct consumer_member {
  member_metadata metadata;
  current_assignment current;
  bool operator==(const consumer_member&) const = default;

  [[nodiscard]] bool reconciled_to(std::int32_t target) const {
    return current.state == member_state::stable && current.epoch == target;
  }
  // A static member that said it would be back.
  [[nodiscard]] bool is_away() const { return current.epoch == static_leaving_epoch; }
};

class consumer_state {
 public:
  void apply(const consumer_record& record);

  [[nodiscard]] const group_epoch& epoch() const { return epoch_; }
  [[nodiscard]] const target_epoch& target() const { return target_; }
  [[nodiscard]] const std::map<text, consumer_member>& members() const { return members_; }
  [[nodiscard]] const consumer_member* find(const text& member_id) const;
  // The id of the member that has this instance id; null: none has.
  [[nodiscard]] const text* member_of_instance(const text& instance_id) const;
  // What a member is meant to have; null: nothing.
  [[nodiscard]] const topic_partitions* target_of(const text& member_id) const;
  [[nodiscard]] const std::map<text, topic_partitions>& targets() const { return targets_; }
  [[nodiscard]] const resolved_regex* resolved(const text& regex) const;
  [[nodiscard]] const std::map<text, resolved_regex>& regexes() const { return regexes_; }

  // How many members have this partition, or are still to give it up; more than one only in the
  // middle of a replay of a compacted log.
  [[nodiscard]] std::uint32_t owners(const partition_key& p) const;
  // How many members name this topic, use this regular expression, ask for this assignor.
  [[nodiscard]] const std::map<text, std::uint32_t>& names_wanted() const { return names_; }
  [[nodiscard]] const std::map<text, std::uint32_t>& regexes_wanted() const { return patterns_; }
  [[nodiscard]] const std::map<text, std::uint32_t>& assignors_wanted() const { return assignors_; }
  // Members that speak the classic protocol, and how many of them offer each of its protocols.
  [[nodiscard]] std::size_t classic_members() const { return classic_; }
  [[nodiscard]] const std::map<text, std::uint32_t>& protocols_offered() const {
    return protocols_;
  }
  // Whether the member wants the topic of this name.
  [[nodiscard]] bool wants(const member_metadata& member, const text& topic) const;

  [[nodiscard]] std::size_t memory_bytes() const { return memory_bytes_; }  // roughly

  bool operator==(const consumer_state&) const = default;

 private:
  void apply(const group_record& r);
  void apply(const member_record& r);
  void apply(const target_epoch_record& r);
  void apply(const target_record& r);
  void apply(const current_record& r);
  void apply(const regex_record& r);
  void count(const member_metadata& m, const text& member_id, bool in);
  void count(const current_assignment& c, bool in);

  group_epoch epoch_;
  target_epoch target_;
  std::map<text, consumer_member> members_;
  std::map<text, topic_partitions> targets_;
  std::map<text, resolved_regex> regexes_;

  // Made of the above.
  std::unordered_map<partition_key, std::uint32_t, absl::Hash<partition_key>> owners_;
  std::map<text, text> instances_;  // instance id → member id
  std::map<text, std::uint32_t> names_;
  std::map<text, std::uint32_t> patterns_;
  std::map<text, std::uint32_t> assignors_;
  std::map<text, std::uint32_t> protocols_;
  std::size_t classic_ = 0;
  std::size_t memory_bytes_ = 0;
};

}  // namespace weir::group
