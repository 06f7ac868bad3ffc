#pragma once
// A consumer of the classic protocol, as an eager one: it gives up all it has before it joins
// again.
#include "core/group/embedded_protocol.h"
#include "sim/groups/client.h"

namespace weir::sim::groups {

class classic_client final : public client {
 public:
  using client::client;

 private:
  void act() override;
  void heed(kafka::error_code why) override;
  [[nodiscard]] bool is_classic() const override { return true; }

  void join();
  void on_join(const kafka::join_group_response& a);
  void sync();
  void on_sync(const kafka::sync_group_response& a);
  void beat();
  void go();
  void rejoin();
  // What the leader works out: partitions one after the other to those who want them.
  [[nodiscard]] std::map<std::string, group::named_partitions> shares() const;

  bool joined_ = false;
  bool has_part_ = false;
  bool leads_ = false;
  bool assigns_ = false;  // of who leads: also works out the assignment (KIP-814)
  topics::picture seen_;  // when it did
  std::string protocol_ = "range";
  struct other {
    std::string id;
    std::set<std::string> topics;
  };
  std::vector<other> members_;  // of a leader
  std::int16_t version_ = 9;    // of JoinGroup
};

}  // namespace weir::sim::groups
