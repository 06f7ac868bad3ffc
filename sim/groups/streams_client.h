#pragma once
// A member of a streams group (KIP-1071): it tells what its application is made of, says which
// tasks it has when that has changed, and carries out what it is told. It reads what its tasks
// read.
#include "core/group/streams_topology.h"
#include "sim/groups/application.h"
#include "sim/groups/client.h"
#include "sim/groups/streams_truth.h"

namespace weir::sim::groups {

class streams_client final : public client {
 public:
  // Of one process, which may have several.
  streams_client(surroundings& around, ways how, traits is, const application& runs,
                 std::string process);

  [[nodiscard]] const streams_client* streams() const override { return this; }
  [[nodiscard]] const group::task_set& tasks() const { return tasks_; }
  [[nodiscard]] const std::string& process() const { return process_; }
  // What it heard last of what is wrong, by the codes.
  [[nodiscard]] const std::map<group::streams_status, std::string>& trouble() const {
    return trouble_;
  }

 private:
  void act() override;
  void heed(kafka::error_code why) override;
  [[nodiscard]] bool is_classic() const override { return false; }

  void beat();
  [[nodiscard]] kafka::streams_group_heartbeat_request request() const;
  void on_beat(const kafka::streams_group_heartbeat_response& a);
  void take_in(const kafka::streams_group_heartbeat_response& a);
  // First it gives up, then it takes: what it was given nobody else has.
  void carry_out();
  void give_up(const group::task& t);
  // What its tasks read, as topics come and go.
  void see_topics();
  void go();
  // An answer may have been lost: it says all, and does nothing on the word of an older one.
  void say_all();
  // Begins anew, as nobody.
  void forget();

  const application& runs_;
  std::string process_;
  group::task_set tasks_;
  std::optional<group::task_set> given_;  // not carried out yet
  std::map<group::streams_status, std::string> trouble_;
  std::int32_t endpoints_ = 0;  // their epoch
  bool says_all_ = true;
  bool says_tasks_ = true;  // it has others than it said
  bool keeps_ = false;      // gives nothing up
};

}  // namespace weir::sim::groups
