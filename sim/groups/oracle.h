#pragma once
// What really happened: by what is committed in the logs, what clients were told, and what they
// hold; not by what a coordinator thinks.
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/group/coordinator.h"
#include "sim/groups/member_truth.h"
#include "sim/groups/offset_truth.h"
#include "sim/groups/streams_truth.h"

namespace weir::sim::groups {

class oracle {
 public:
  oracle(const plan& rules, const group::topic_view& topics, std::size_t logs);

  // The tag of a commit that is about to be sent.
  std::string begin_commit(const claim& by);
  // An entry is committed, in the order of the log.
  void committed(std::size_t log, std::size_t index, const placed& what);
  // A leader's state, which is what it read of its log up to there.
  void loaded(std::size_t log, std::size_t through, const group::coordinator& state) const;
  // A leader placed records for this request.
  void appended(std::size_t log, std::int32_t term, const group::request& r);
  // A leader lets an answer out, made when the log had so many entries.
  void told(std::size_t log, std::int32_t term, std::size_t after, const group::request& r,
            const group::answer& a);

  // Who reads a partition, by the assignment that he was told.
  struct holder {
    std::string group;
    std::string member;
    std::int32_t epoch = 0;
    bool classic = false;
  };
  void holds(std::uint64_t client, const holder& as, const partition_key& p);
  void moves_to(std::uint64_t client, std::int32_t epoch);
  void gives_up(std::uint64_t client, const partition_key& p);
  void gives_up(std::uint64_t client);

  // Whether this old request may have no effect any more, by what is committed.
  [[nodiscard]] bool is_over(const group::request& r) const;
  [[nodiscard]] bool knows_all(std::size_t log, std::size_t entries) const {
    return folded_[log] == entries;
  }
  void allow_deletes(const std::string& group) { deleted_.insert(group); }
  [[nodiscard]] offset_truth& offsets() { return offsets_; }
  [[nodiscard]] const member_truth& members() const { return members_; }
  [[nodiscard]] streams_truth& tasks() { return streams_; }
  [[nodiscard]] std::uint64_t generations() const { return generations_; }

 private:
  void read(std::size_t log, const placed& what, const group::coordinator_record& r);
  void read_streams(const group::coordinator_record& r);
  void read_offset(const placed& what, const group::coordinator_record& r);
  [[nodiscard]] bool is_read(const place& at) const;
  void check_tombstone(const place& at, cause why) const;
  void told_join(std::size_t log, std::int32_t term, std::size_t after, const std::string& group,
                 const kafka::join_group_response& a);
  void told_beat(std::size_t log, std::int32_t term, std::size_t after,
                 const kafka::heartbeat_request& r);
  // Whether the answer is of a group that had that name before, and was let out after its end.
  [[nodiscard]] bool of_former(std::size_t log, const std::string& group, std::size_t after) const;
  // The last generation that was stored before that.
  [[nodiscard]] std::int32_t stored(const std::string& group, std::size_t before) const;
  void told_part(const kafka::sync_group_request& r, const kafka::sync_group_response& a);

  // Of one term: what was told and is in no log yet.
  struct soft {
    std::int32_t generation = 0;
    std::map<std::int32_t, std::string> leaders;
  };
  struct holding {
    holder as;
    std::set<std::pair<uuid, std::int32_t>> what;
  };

  const plan& rules_;
  const group::topic_view& topics_;
  offset_truth offsets_;
  member_truth members_;
  streams_truth streams_;
  std::vector<std::unique_ptr<group::coordinator>> folds_;  // of what is committed
  std::vector<std::size_t> folded_;
  std::map<std::string, claim> claims_;
  std::map<std::tuple<std::size_t, std::int32_t, std::string>, soft> soft_;
  std::map<std::tuple<std::string, std::int32_t, std::string>, std::string> parts_;
  std::map<std::uint64_t, holding> holds_;
  std::set<std::string> deleted_;  // groups whose deletion somebody asked for
  std::map<std::pair<std::size_t, std::string>, std::size_t> ended_;  // a group's last end in a log
  std::map<std::string, std::vector<std::pair<std::size_t, std::int32_t>>> stored_;
  std::uint64_t tags_ = 0;
  std::uint64_t generations_ = 0;
};

}  // namespace weir::sim::groups
