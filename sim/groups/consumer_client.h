#pragma once
// A consumer of KIP-848: it says what it has with each heartbeat, and carries out what it is told.
#include "sim/groups/client.h"

namespace weir::sim::groups {

class consumer_client final : public client {
 public:
  consumer_client(surroundings& around, ways how, traits is);

 private:
  void act() override;
  void heed(kafka::error_code why) override;
  [[nodiscard]] bool is_classic() const override { return false; }

  void beat();
  [[nodiscard]] kafka::consumer_group_heartbeat_request request() const;
  void on_beat(const kafka::consumer_group_heartbeat_response& a);
  // First it gives up, then it takes: what it was given nobody else has.
  void carry_out();
  void go();
  // Begins anew, as nobody.
  void forget();
  void come_back();

  using set = group::topic_partitions;
  [[nodiscard]] set has() const;
  std::optional<set> given_;  // an assignment that it has not carried out yet
  bool tells_all_ = true;     // an answer may have been lost
  bool keeps_ = false;        // gives nothing up
  int lives_ = 0;
};

}  // namespace weir::sim::groups
